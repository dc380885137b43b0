"""`RedisDispatch`: outcomes out and jobs in, in one round trip."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backend.broker.jobs import dispatch as module
from backend.broker.jobs.dispatch import RedisDispatch
from backend.domain.errors import QueueUnavailable
from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from backend.domain.ports import ClaimPlan
from tests.integration.broker.bench import Bench, new_job

PLAN = [ClaimPlan("high", 0), ClaimPlan("normal", 0)]
DONE = Outcome(OutcomeKind.FINISHED, '{"n":1}', run_seconds=0.25)


@pytest.fixture
def dispatch(bench: Bench) -> Iterator[RedisDispatch]:
    made = RedisDispatch(bench.redis, bench.keys, worker="w9", lanes=["default"], lease=60)
    yield made
    made.close()


def test_outcomes_go_out_and_jobs_come_in(bench: Bench, dispatch: RedisDispatch) -> None:
    bench.seed(new_job("a"), new_job("b", "high"))
    _, claimed = dispatch.settle_and_claim([], PLAN, 2)
    bench.seed(new_job("c"))

    codes, more = dispatch.settle_and_claim([(job, DONE) for job in claimed], PLAN, 2)

    assert [job.id for job in claimed] == ["b", "a"]
    assert codes == [1, 1]
    assert [job.id for job in more] == ["c"]
    assert bench.field("c", "worker_name") == "w9"
    assert bench.events("a")[-1].run_ms == 250


def test_settling_alone_claims_nothing(bench: Bench, dispatch: RedisDispatch) -> None:
    job = bench.started()
    bench.seed(new_job("a"))

    assert dispatch.settle_and_claim([(job, DONE)], (), 0) == ([1], [])

    assert bench.queue() == ["a"]


def test_more_outcomes_than_fit_into_one_step_keep_their_order(
    bench: Bench, dispatch: RedisDispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLE_BATCH", 2)
    bench.seed(*[new_job() for _ in range(5)])
    jobs = bench.claim(5)
    bench.settle(jobs[2], "released")

    codes, claimed = dispatch.settle_and_claim([(job, DONE) for job in jobs], PLAN, 5)

    assert codes == [1, 1, 0, 1, 1]
    assert [job.id for job in claimed] == [jobs[2].id]


def test_an_error_travels_whole(bench: Bench, dispatch: RedisDispatch) -> None:
    job = bench.started()
    error = AttemptError("exception", "ValueError", 'näh "quoted"\n', "Traceback…")

    dispatch.settle_and_claim([(job, Outcome(OutcomeKind.FAILED, error=error))], (), 0)

    assert bench.error(job.id) == error.to_dict()


def test_requests_may_be_sent_ahead(bench: Bench, dispatch: RedisDispatch) -> None:
    bench.seed(new_job("a"))
    dispatch.send([], PLAN, 1)
    bench.seed(new_job("b"))

    assert [job.id for job in dispatch.receive()[1]] == ["a"]


def test_after_a_cut_connection_everything_may_be_repeated(
    bench: Bench, dispatch: RedisDispatch
) -> None:
    bench.seed(new_job("a"))
    [job] = dispatch.settle_and_claim([], PLAN, 1)[1]
    bench.seed(new_job("b"))
    dispatch._connection.disconnect()
    ended = [(job, DONE)]
    dispatch.send(ended, PLAN, 1)
    dispatch._connection._sock.close()
    with pytest.raises((QueueUnavailable, ValueError, OSError)):
        dispatch.receive()
    dispatch._connection.disconnect()

    codes, claimed = dispatch.settle_and_claim(ended, PLAN, 1)

    assert codes[0] in {1, 2}
    assert bench.kinds("a").count("finished") == 1
    assert len(claimed) + len(bench.members(bench.keys.leases)) >= 1
