"""However batches come: each event is on record once, and each job stands where it stands."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Engine

from backend.broker.jobs import codec
from backend.domain.errors import HistoryUnavailable
from backend.domain.history.history_ports import EventBatch
from backend.domain.jobs.job_event import JobEvent
from backend.history.recording.record_writer import PostgresRecordWriter
from tests.integration.broker.bench import ERROR, new_job
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import empty, run


def many_lives(chronicle: Chronicle) -> list[JobEvent]:
    """The events of jobs that went every way a job can go, as a recorder would read them."""
    bench = chronicle.bench
    for number in range(4):
        options = {"trace_id": f"t{number}", "tags": ["x"], "callback_url": "https://e.x/"}
        bench.seed(new_job(f"plain-{number}", options=options))
    first, second, third = bench.claim(3)
    bench.settle(first, "finished", body="[1]")
    bench.settle(second, "retried", body=ERROR)
    bench.make_due(second.id)
    bench.promote()
    bench.rescue(third, "suspected", body=ERROR)
    for job in bench.claim(4):
        bench.settle(job, "snoozed", delay=9000)
    bench.settle(bench.started(queue="high:email"), "returned")
    again = bench.started(queue="high:email")
    bench.settle(again, "retried", body=ERROR)
    bench.run_now(again.id)
    bench.settle(bench.claim(1, ("high:email",), worker="w2")[0], "returned")
    bench.redrive(bench.dead(), data=codec.data_of("greet", '{"name":"Bob"}'))
    bench.rescue(bench.claim()[0])
    bench.discard(bench.dead())
    bench.discard(bench.dead(), how="resolved")
    bench.redrive(gone := bench.dead())
    bench.cancel(gone)
    bench.reprioritise(bench.scheduled(), "high")
    bench.run_now(bench.scheduled())
    running = bench.started(queue="low")
    bench.cancel(running.id)
    bench.settle(running, "retried", body=ERROR)
    bench.put_in_queue("ghost")
    bench.claim()
    return chronicle.bench.events()


def sliced(
    events: Sequence[JobEvent], dice: random.Random, most: int = 12
) -> list[Sequence[JobEvent]]:
    """Batches of any size; at most one more than ``most``."""
    cuts = sorted(dice.sample(range(1, len(events)), dice.randint(0, most)))
    return [events[at:end] for at, end in zip([0, *cuts], [*cuts, len(events)], strict=True)]


def test_any_order_and_any_repetition_of_batches_comes_to_the_same_record(
    chronicle: Chronicle,
) -> None:
    events = many_lives(chronicle)
    chronicle.write(*events)
    expected = chronicle.everything()
    assert {len(rows) > 0 for name, rows in expected.items() if name != "set_aside"} == {True}
    assert chronicle.untrue() == []

    for seed in range(20):
        dice = random.Random(seed)  # noqa: S311 - not for secrets
        shuffled = dice.sample(events, len(events))
        batches = sliced(shuffled, dice)
        batches += dice.sample(batches, len(batches) // 2)
        dice.shuffle(batches)
        empty(chronicle.engine)
        for batch in batches:
            chronicle.write(*batch)
        assert chronicle.everything() == expected, f"seed {seed}"


def test_the_same_batch_twice_is_once(chronicle: Chronicle) -> None:
    events = many_lives(chronicle)
    chronicle.write(*events)
    expected = chronicle.everything()

    chronicle.write(*events)

    assert chronicle.everything() == expected


class DyingStream:
    """A stream whose recorder dies after the commit and before it can acknowledge."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def acknowledge(self, batch: EventBatch) -> None:
        raise KeyboardInterrupt


def test_a_recorder_that_dies_between_commit_and_acknowledgement_is_repeated_without_harm(
    chronicle: Chronicle,
) -> None:
    many_lives(chronicle)
    recorder = chronicle.recorder(batch=7)
    recorder._stream = DyingStream(recorder._stream)
    with pytest.raises(KeyboardInterrupt):
        recorder.record_batch()
    # Four were accepted one by one; the seventh came with two others in the line of their claim.
    assert len(chronicle.rows("SELECT * FROM job_events")) == 9
    assert chronicle.unacknowledged() == 9

    survivor = chronicle.recorder(idle=0.0)
    while survivor.record_batch():
        pass

    assert chronicle.unacknowledged() == 0
    recorded = chronicle.everything()
    empty(chronicle.engine)
    chronicle.write(*chronicle.bench.events())
    assert chronicle.everything() == recorded


def together(*steps: Callable[[], None]) -> None:
    """Runs steps at the same time and waits for all; fails when one of them does."""
    failures: list[BaseException] = []

    def guarded(step: Callable[[], None]) -> None:
        try:
            step()
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_recorders_that_write_the_same_jobs_at_once_come_to_the_same_record(
    chronicle: Chronicle,
) -> None:
    for _ in range(12):
        many_lives_again(chronicle)
    events = chronicle.bench.events()
    chronicle.write(*events)
    expected = chronicle.everything()
    empty(chronicle.engine)

    def write_all(seed: int) -> Callable[[], None]:
        dice = random.Random(seed)  # noqa: S311 - not for secrets
        batches = sliced(dice.sample(events, len(events)), dice)
        writer = PostgresRecordWriter(chronicle.engine)
        return lambda: [writer.write(EventBatch(batch)) for batch in batches] and None

    together(*(write_all(seed) for seed in range(4)))

    assert chronicle.everything() == expected


def many_lives_again(chronicle: Chronicle) -> None:
    """Some more jobs, quickly."""
    done = chronicle.bench.started()
    chronicle.bench.settle(done, "finished")
    chronicle.bench.rescue(chronicle.bench.started(), "crashed")
    for job in chronicle.bench.claim(9):
        chronicle.bench.settle(job, "failed", body=ERROR)


@pytest.fixture
def bad_luck(engine: Engine) -> Iterator[Callable[[int], None]]:
    """Makes Postgres roll the next so many batches back, as it does after a deadlock."""
    run(engine, "CREATE SEQUENCE bad_luck")
    run(
        engine,
        "CREATE FUNCTION fail_with_bad_luck() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF nextval('bad_luck') < 0 THEN"
        " RAISE EXCEPTION 'deadlock' USING ERRCODE = 'deadlock_detected'; END IF;"
        " RETURN NULL; END $$",
    )
    run(
        engine,
        "CREATE TRIGGER bad_luck AFTER INSERT ON job_results"
        " FOR EACH STATEMENT EXECUTE FUNCTION fail_with_bad_luck()",
    )
    run(engine, "ALTER SEQUENCE bad_luck MINVALUE -1000")
    yield lambda times: run(engine, "SELECT setval('bad_luck', :n, false)", n=-times) and None
    run(engine, "DROP TRIGGER bad_luck ON job_results")
    run(engine, "DROP FUNCTION fail_with_bad_luck; DROP SEQUENCE bad_luck")


def test_a_transaction_that_postgres_rolled_back_is_tried_again(
    chronicle: Chronicle, bad_luck: Callable[[int], None]
) -> None:
    job_id = chronicle.bench.finished()
    pauses: list[float] = []
    bad_luck(3)

    PostgresRecordWriter(chronicle.engine, pause=pauses.append).write(
        EventBatch(chronicle.bench.events())
    )

    assert chronicle.job(job_id)["status"] == "finished"
    assert len(pauses) == 3


def test_what_is_rolled_back_again_and_again_is_left_for_later(
    chronicle: Chronicle, bad_luck: Callable[[int], None]
) -> None:
    chronicle.bench.finished()
    writer = PostgresRecordWriter(chronicle.engine, pause=lambda _: None)
    bad_luck(100)

    with pytest.raises(HistoryUnavailable):
        writer.write(EventBatch(chronicle.bench.events()))

    assert chronicle.everything()["jobs"] == []
