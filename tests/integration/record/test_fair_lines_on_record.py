"""Fair queues and the record: an empty Redis gets the rule back, lines are mended like any list."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backend.broker.jobs.gates.fair_queues import RedisFairQueues
from backend.broker.jobs.parked_jobs import fair_line_of
from backend.domain.jobs.options.fairness import Fairness
from tests.integration.record.bureau import Bureau

LINE = fair_line_of("normal", "acme")


@pytest.fixture
def fair(bureau: Bureau) -> Bureau:
    """Three jobs of one tenant in line, recorded."""
    rule = Fairness(weights={"acme": 2})
    RedisFairQueues(bureau.redis, bureau.keys).set_rule("normal", rule, by="ada", reason="flood")
    bureau.keeper().note("fairness:queue:normal")
    bureau.enqueue(*(bureau.job(job_id=name, tenant="acme") for name in ("a", "b", "c")))
    bureau.record()
    return bureau


def test_jobs_in_lines_balance(fair: Bureau) -> None:
    report = fair.ledger().reconcile()

    assert (report.faults, report.is_balanced, fair.bench.line(LINE)) == ([], True, ["a", "b", "c"])


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (lambda b: b.redis.lrem(b.keys.parked(LINE), 0, "b"), {("ghost", "b")}),
        (lambda b: b.redis.rpush(b.keys.parked(LINE), "b"), {("doubled", "b")}),
        (lambda b: b.redis.rpush(b.keys.queue("normal"), "b"), {("doubled", "b")}),
        (lambda b: b.redis.delete(b.keys.parked(LINE)), {("ghost", "a"), ("ghost", "b"), ("ghost", "c")}),
    ],
)  # fmt: skip
def test_what_a_foreign_hand_did_to_a_line_is_found_and_mended(
    fair: Bureau, plant: Callable[[Bureau], object], found: set[tuple[str, str]]
) -> None:
    plant(fair)

    report = fair.ledger().reconcile(repair=True)
    fair.record()

    assert {(fault.kind.value, fault.job_id) for fault in report.faults} == found
    assert fair.ledger().reconcile().is_balanced
    assert fair.bench.complaints() == []
    assert sorted(fair.run_all()) == ["a", "b", "c"]


def test_an_empty_redis_gets_the_rule_back_and_the_jobs_into_their_lines(fair: Bureau) -> None:
    fair.redis.flushall()

    report = fair.ledger().rebuild()

    assert report.restored == {"queued": 3}
    assert RedisFairQueues(fair.redis, fair.keys).rules() == {
        "normal": Fairness(weights={"acme": 2})
    }
    assert (fair.bench.queue(), fair.bench.line(LINE)) == ([], ["a", "b", "c"])
    assert fair.run_all() == ["a", "b", "c"]
