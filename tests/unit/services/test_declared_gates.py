"""What a job type declares, as people read it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.breaker import Breaker
from backend.domain.jobs.options.keyed_limit import Limit
from backend.domain.jobs.options.rate import Rate
from backend.domain.jobs.options.unique import Unique
from backend.services.finding.declared_gates import declared_gates

_PLAIN = JobType("call", print, limit=3)


def _told(payload: Any) -> str:
    return str(payload["it"])


def _weighed(payload: Any) -> int:
    return len(payload)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({}, []),
        ({"keyed_limit": Limit(2, by="customer")}, ["2 at once for each customer"]),
        (
            {"keyed_limit": Limit(1, by=_told, hold="job")},
            ["1 at once for each key, from the first start to the end"],
        ),
        ({"rate": Rate(5, per=0.5)}, ["5 start in 0.5 s"]),
        ({"rate": Rate(5, per=60, weight="calls")}, ["5 calls in 60 s"]),
        ({"keyed_rate": Rate(9, per=60, by="shop")}, ["9 start in 60 s for each shop"]),
        (
            {"keyed_rate": Rate(9, per=60, by=_told, weight=_weighed)},
            ["9 by weight in 60 s for each key"],
        ),
        ({"breaker": Breaker(by="url")}, ["held back while its url cannot be reached"]),
        ({"breaker": Breaker()}, ["held back while its destination cannot be reached"]),
        ({"unique": Unique("ended", by="cart")}, ["one for each cart until it has ended"]),
        ({"unique": Unique("started")}, ["one for each payload until it has started"]),
        ({"unique": Unique(7200, by=("a", "b"))}, ["one for each a and b in 2 h"]),
        (
            {"rate": Rate(5, per=1), "breaker": Breaker(by="url")},
            ["5 start in 1 s", "held back while its url cannot be reached"],
        ),
    ],
)
def test_a_phrase_for_each_rule(declared: dict[str, Any], words: list[str]) -> None:
    assert declared_gates(replace(_PLAIN, **declared)) == words
