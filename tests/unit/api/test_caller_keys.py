"""Idempotency keys, made their caller's own: no two callers meet, and none is too long."""

from __future__ import annotations

import pytest

from backend.api.request.caller_keys import key_of_caller, key_of_tenant
from backend.domain.access.api_key import Credential, Principal
from backend.domain.access.role import Role


def _who(subject: str, credential: Credential = Credential.JWT) -> Principal:
    return Principal(subject, "ada", Role.PRODUCER, None, credential)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("acme", "bob:1"), ("acme:bob", "1")),
        (("acme", "bob%3A1"), ("acme", "bob:1")),
        (("https://id|a", "b:c"), ("https://id|a:b", "c")),
        (("a" * 600, "1"), ("a" * 600, "2")),
    ],
)
def test_two_calls_have_two_keys_whatever_their_callers_are_called(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert key_of_caller(_who(one[0]), one[1]) != key_of_caller(_who(other[0]), other[1])


def test_keys_are_what_they_were_where_nothing_could_meet() -> None:
    """Those that an earlier release gave are remembered for a day."""
    own = _who("019b", Credential.KEY)

    assert key_of_caller(own, "order:17%") == "http:key:019b:order:17%"
    assert key_of_caller(_who("https://id|ada"), "order-17") == "http:jwt:https://id|ada:order-17"
    assert key_of_tenant("", "order:17") == "body::order:17"
    assert key_of_tenant("a:b%", "c") == "body:a%3Ab%25:c"


@pytest.mark.parametrize("length", [500, 507, 512])
def test_a_key_of_any_length_that_is_taken_fits_with_what_comes_before_and_behind(
    length: int,
) -> None:
    long = "\ud800" + "k" * (length - 1)
    keys = {
        key_of_tenant("", long),
        key_of_tenant("acme", long),
        key_of_tenant("t" * 512, long),
        key_of_tenant("t" * 512, f"{long[:-1]}x"),
        key_of_caller(_who("s" * length), "k" * 128),
    }

    assert len(keys) == 5
    assert all(len(f"{key}:9999") <= 512 for key in keys)
