"""A stock ``rq worker`` started on our queues by mistake: it runs none of our code, and is found out.

The access list in config/redis-acl.conf keeps it out altogether (`test_redis_acl_on_servers.py`).
Where there is none, it pops one job after the other, the trampoline refuses each, and it writes them
``failed`` into its own registry. They never ran, are in no place of ours, and their queue's books are
out by exactly their number, which is how the ledger finds them and puts them back.
"""

from __future__ import annotations

import pytest

from backend.broker.jobs import codec
from tests.integration.broker.bench import Bench, new_job
from tests.integration.interop.conftest import RqCommand

SERIALIZERS = [(), ("--serializer", "rq.serializers.JSONSerializer")]


@pytest.mark.parametrize("serializer", SERIALIZERS, ids=["pickle", "json"])
def test_a_stock_worker_runs_no_job_of_ours_and_the_books_show_what_it_touched(
    bench: Bench, rq: RqCommand, serializer: tuple[str, ...]
) -> None:
    bench.tampered = True
    bench.seed(new_job("touched"), new_job("safe", "high"))

    worker = rq("worker", "--burst", *serializer, "normal")

    assert worker.returncode == 0, worker.stderr
    assert bench.kinds("touched") == ["enqueued"]
    assert bench.field("touched", "status") == "failed"
    assert bench.field("touched", "attempt") is None
    assert bench.members(bench.keys.dead) == []
    assert bench.registry("failed", "normal").keys() == {"touched"}
    assert (bench.state("normal").difference, bench.state("high").difference) == (1, 0)
    assert [job.id for job in bench.claim()] == ["safe"]


def test_the_trampoline_says_what_to_start_instead(bench: Bench, rq: RqCommand) -> None:
    bench.tampered = True
    bench.seed(new_job("touched"))

    worker = rq("worker", "--burst", *SERIALIZERS[1], "normal")

    said = worker.stdout + worker.stderr
    assert "'greet' is a job of Tally" in said
    assert "start-workers.sh" in said


def test_the_stored_path_names_nothing_that_could_run_a_job() -> None:
    from workers.runtime import trampoline

    assert f"{trampoline.__name__}.{trampoline.run.__name__}" == codec.TRAMPOLINE
    with pytest.raises(RuntimeError, match="runs only in its worker processes"):
        trampoline.run("greet", {"name": "Ada"})


def test_what_a_stock_worker_touched_keeps_all_that_is_needed_to_put_it_back(
    bench: Bench, rq: RqCommand
) -> None:
    bench.tampered = True
    bench.seed(new_job("touched", payload='{"name":"Ada"}'))

    rq("worker", "--burst", *SERIALIZERS[1], "normal")

    data = bench.redis.hget(bench.keys.job("touched"), "data")
    assert codec.payload_of(data) == {"name": "Ada"}
    assert bench.field("touched", "origin") == "normal"
    assert bench.field("touched", "max_attempts") == "3"
