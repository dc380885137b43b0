"""A foreign hand deletes the hash of a job in a line: the books forget it with its entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.broker.bench import Bench, new_job

FAIR = '{"by":"tenant"}'


def _fairness(bench: Bench, rule: str) -> Any:
    return bench.functions.call("fairness", "ada", "", "normal", rule, 100)


WAYS: dict[str, Callable[[Bench], Any]] = {
    "claimed": lambda bench: bench.claim(9),
    "picked out": lambda bench: bench.functions.call(
        "pick_out", "w1", 60_000, 9, "1", 0, 0, "normal", 0
    ),
    "purged": lambda bench: bench.functions.call("purge", "normal", "ada", "no use", 10),
    "fair no more": lambda bench: _fairness(bench, ""),
}


@pytest.mark.parametrize("way", WAYS)
def test_whoever_takes_its_entry_off_a_line_counts_it_no_more(bench: Bench, way: str) -> None:
    _fairness(bench, FAIR)
    ids = bench.seed(*[new_job(options={"tenant": tenant}) for tenant in "aab"])
    bench.remove_hash(ids[0])
    assert (bench.count("parked"), bench.count("lined")) == (3, 3)

    WAYS[way](bench)

    left = len(bench.line("fair:normal\x1fa")) + len(bench.line("fair:normal\x1fb"))
    assert (bench.count("parked"), bench.count("lined")) == (left, left)
    assert bench.kinds(ids[0])[-1] == "dropped"
