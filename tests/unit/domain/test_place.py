"""Where a job is at home: told by its id alone, the same in every release."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from backend.domain.jobs.derived_job_id import derived_job_id
from backend.domain.jobs.job_id import PLACES, key_that_places, place, place_of_key, placed, uuid7

KNOWN = {
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398f": 0x98F,
    "00000000-0000-7000-8000-000000000000": 0,
    "ffffffff-ffff-7fff-bfff-ffffffffffff": 4095,
    # Redis Cluster's own example: CRC-16 of these digits is 0x31C3.
    "123456789": 0x1C3,
    "order-17": 2128,
    # No UUID of version 7: versions 1 and 4, capitals, something behind.
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8": 975,
    "9b2f2c1e-3d53-4d3e-8f5a-2f0c6e3c9f10": 438,
    "017F22E2-79B0-7CC3-98C4-DC0C0C07398F": 1277,
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398f-hand": 4081,
}


@pytest.mark.parametrize(("job_id", "known"), KNOWN.items())
def test_the_place_of_an_id_never_changes(job_id: str, known: int) -> None:
    assert place(job_id) == known


@given(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", min_size=1))
def test_every_id_has_a_place(job_id: str) -> None:
    assert 0 <= place(job_id) < PLACES


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10), st.text(min_size=1))
def test_a_job_that_a_key_places_stays_a_uuid_of_its_instant(
    unix_ms: int, randomness: bytes, key: str
) -> None:
    made = placed(uuid7(unix_ms, randomness), key)

    assert place(made) == place_of_key(key)
    assert made[:-3] == uuid7(unix_ms, randomness)[:-3]
    assert (uuid.UUID(made).version, uuid.UUID(made).variant) == (7, uuid.RFC_4122)


def test_without_a_key_an_id_is_as_it_was_made() -> None:
    made = uuid7(1, b"0123456789")

    assert placed(made, "") == made


@given(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", min_size=1))
def test_a_text_has_the_place_that_redis_cluster_knows_it_by(text: str) -> None:
    assert place_of_key(text) == key_slot(text.encode()) % PLACES


def test_ids_without_a_key_are_spread_over_all_places() -> None:
    taken = {place(derived_job_id("cause", str(number))) for number in range(40_000)}

    assert len(taken) > PLACES * 0.99


def test_a_limit_places_before_a_key_that_is_taken_once_and_that_before_the_type() -> None:
    assert key_that_places(limit_key="a", unique_key="b", limited_type="c") == "a"
    assert key_that_places(unique_key="b", limited_type="c") == "b"
    assert key_that_places(limited_type="c") == "c"
    assert key_that_places() == ""
