"""Job ids: UUID version 7, and what may be given instead."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.errors import InvalidOption
from backend.domain.jobs.job_id import checked, uuid7


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_an_id_is_a_uuid_of_version_seven_with_its_time_in_front(
    unix_ms: int, randomness: bytes
) -> None:
    made = uuid.UUID(uuid7(unix_ms, randomness))

    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == unix_ms


def test_a_known_id_comes_out_letter_for_letter() -> None:
    """The example of RFC 9562, appendix A.6."""
    randomness = (0xCC3 << 68 | 0b10 << 0).to_bytes(10, "big")

    assert uuid7(0x017F22E279B0, randomness).startswith("017f22e2-79b0-7cc3-8000-")


@given(st.integers(0, 2**47), st.binary(min_size=10), st.binary(min_size=10))
def test_a_later_id_sorts_behind(unix_ms: int, one: bytes, other: bytes) -> None:
    assert uuid7(unix_ms, one) < uuid7(unix_ms + 1, other)


def test_all_randomness_is_used() -> None:
    ids = {uuid7(1, bytes([0] * at + [1] + [0] * (9 - at))) for at in range(9)}

    assert len(ids) == 9


@pytest.mark.parametrize("job_id", ["a", "order-7_B", "x" * 64, uuid7(1, bytes(10))])
def test_what_keys_can_carry_is_accepted(job_id: str) -> None:
    assert checked(job_id) == job_id


@pytest.mark.parametrize("job_id", ["", "x" * 65, "a:b", "a b", "a\n", "ä", "a/b", "{a}", "a\0"])
def test_what_would_break_a_key_is_refused_by_name(job_id: str) -> None:
    with pytest.raises(InvalidOption, match="job id") as refusal:
        checked(job_id)

    assert refusal.value.details == {"field": "job_id"}
