"""A breaker as it is declared: its numbers, and what it calls the destination of a job."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.errors import InvalidOption
from backend.domain.jobs.options.breaker import Breaker, breaker_in, host_and_port


@pytest.mark.parametrize(
    ("url", "destination"),
    [
        ("https://hooks.example.com/a?b=c", "hooks.example.com:443"),
        ("http://hooks.example.com/a", "hooks.example.com:80"),
        ("https://HOOKS.example.com:8443/", "hooks.example.com:8443"),
        ("https://user:secret@hooks.example.com/", "hooks.example.com:443"),
        ("https://[::1]:9/", "[::1]:9"),
        ("ftp://files.example.com/x", "files.example.com"),
        ("https://", None),
        ("https://x:99999999/", None),
    ],
)
def test_of_an_address_host_and_port_are_the_destination(url: str, destination: str | None) -> None:
    assert host_and_port(url) == destination


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        ({"to": "acme"}, "acme"),
        ({"to": 17}, "17"),
        ({"to": "https://a.example/x"}, "a.example:443"),
        ({"to": ""}, ""),
        ({"to": True}, None),
        ({"to": None}, None),
        ({"to": ["acme"]}, None),
        ({}, None),
    ],
)
def test_a_field_of_the_payload_tells_the_key(payload: dict[str, Any], key: str | None) -> None:
    assert Breaker(by="to").key_in(payload) == key


def test_types_share_breakers_by_name_alone() -> None:
    assert Breaker(by="to").destination("push", "acme") == "push:acme"
    assert Breaker(by="to", name="crm").destination("push", "acme") == "crm:acme"
    assert Breaker(name="mail_server").destination("send_email", None) == "mail_server"
    assert Breaker().destination("push", None) == "push"


def test_a_job_without_its_field_is_bound_for_nowhere_and_not_for_one_place_with_others() -> None:
    assert Breaker(by="to").destination("push", None) == ""
    assert Breaker(by="to").destination("push", "") == ""


def test_long_and_hostile_keys_become_short_and_stay_apart() -> None:
    keys = ["x" * 500, "x" * 501, "a\x1fb", "a\nb", "\ud800"]

    found = [Breaker(by="to").destination("push", key) for key in keys]

    assert len(set(found)) == len(keys)
    assert all(len(each) <= 200 and each.isprintable() for each in found)


def test_its_numbers_travel_as_a_text_and_come_back() -> None:
    breaker = Breaker(
        "url", "web", failures=7, ratio=0.25, within=90, rest=0.5, longest_rest=60, probes=2
    )

    assert breaker.text == "7/0.25/90000/500/60000/2"
    assert breaker_in(breaker.text, "url", "web") == breaker


@pytest.mark.parametrize("text", ["", "1/2", "a/b/c/d/e/f", "0/0.5/60000/1000/9000/1"])
def test_what_is_no_breaker_is_none(text: str) -> None:
    assert breaker_in(text) is None


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"failures": 0}, "failures"),
        ({"ratio": 1.5}, "ratio"),
        ({"within": 0}, "within"),
        ({"rest": 0}, "rest"),
        ({"rest": 60, "longest_rest": 30}, "longest_rest"),
        ({"probes": 0}, "probes"),
        ({"name": "a:b"}, "name"),
        ({"name": "x" * 65}, "name"),
    ],
)
def test_a_number_out_of_range_is_named(said: dict[str, Any], name: str) -> None:
    with pytest.raises(InvalidOption, match=name):
        Breaker(**said)
