"""An id that comes again is another job: however its events come, its row tells nothing of the other."""

from __future__ import annotations

import itertools
import json
import random

import pytest

from backend.domain.jobs.job_event import JobEvent, version_of
from backend.history.ledger.ledger_store import PostgresLedgerStore
from backend.history.reading.history_store import PostgresHistoryStore
from tests.integration.broker.bench import ERROR
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import empty, run
from tests.integration.history.test_exactly_once import sliced


def _event(seconds: int, kind: str, attempt: int = 0, fence: int = 0, **fields: object) -> JobEvent:
    id_, held = f"{seconds}000-0", f"{fence}000-0" if fence else ""
    worker = f"w{attempt}" if attempt else "ada"
    return JobEvent(id_, kind, "a", "normal", attempt, worker, held)._replace(**fields)


def _accepted(seconds: int, name: str, **fields: object) -> JobEvent:
    told = {"state": "queued", "job_type": "greet", "max_attempts": 3, **fields}
    said = {"data": json.dumps({"name": name}), "options": json.dumps({"tenant": name})}
    return _event(seconds, "enqueued", **{**said, **told})


def _changed(seconds: int, kind: str, name: str) -> JobEvent:
    said = {"data": json.dumps({"name": name}), "options": json.dumps({"tenant": name})}
    return _event(seconds, kind, **said)


#: It died, was sent home with another payload, and finished: nothing that a row can tell is left out.
FORMER = [
    _accepted(100, "Ada"),
    _event(110, "started", 1),
    _event(120, "retried", 1, 110, body=ERROR, due_ms=130_000),
    _event(130, "promoted"),
    _event(140, "started", 2),
    _event(150, "failed", 2, 140, body=ERROR),
    _changed(160, "redriven", "Bob"),
    _event(170, "started", 3),
    _event(180, "finished", 3, 170, body="1"),
]
LATER = {
    "waits": [_accepted(200, "Eve")],
    "waits for its time": [_accepted(200, "Eve", state="scheduled", due_ms=900_000)],
    "runs": [_accepted(200, "Eve"), _event(210, "started", 1)],
    "was given back unbegun": [
        _accepted(200, "Eve"),
        _event(210, "started", 1),
        _event(220, "released", taken_back="210000-0"),
    ],
    "got another payload": [_accepted(200, "Eve"), _changed(210, "replaced", "Kim")],
    "died and was sent home": [
        _accepted(200, "Eve"),
        _event(210, "started", 1),
        _event(220, "failed", 1, 210, body=ERROR),
        _changed(230, "redriven", "Kim"),
    ],
}
ABOUT = (
    "SELECT position, status, run_at, payload, changed_payload, options, attempt, fence, worker,"
    " last_error, error_kind, error_reason, error_version, payload_version, ready_version,"
    " started_at, enqueued_at, finished_at, tenant FROM jobs"
)


@pytest.mark.parametrize("later", LATER.values(), ids=LATER)
def test_the_row_tells_of_the_later_job_as_if_there_had_been_no_other(
    chronicle: Chronicle, later: list[JobEvent]
) -> None:
    chronicle.write(*later)
    expected = chronicle.rows(ABOUT)
    empty(chronicle.engine)

    chronicle.write(*FORMER)
    for event in later:
        chronicle.write(event)

    assert chronicle.rows(ABOUT) == expected


@pytest.mark.parametrize("later", LATER.values(), ids=LATER)
def test_any_order_and_any_repetition_of_batches_comes_to_the_same(
    chronicle: Chronicle, later: list[JobEvent]
) -> None:
    events = [*FORMER, *later]
    chronicle.write(*later)
    [row] = chronicle.rows(ABOUT)
    empty(chronicle.engine)
    chronicle.write(*events)
    expected = chronicle.everything()
    assert chronicle.rows(ABOUT) == [row]

    for seed in range(25):
        dice = random.Random(seed)  # noqa: S311 - not for secrets
        batches = sliced(dice.sample(events, len(events)), dice, most=6)
        batches += dice.sample(batches, len(batches) // 2)
        empty(chronicle.engine)
        for batch in batches:
            chronicle.write(*batch)
        assert chronicle.everything() == expected, f"seed {seed}"
    assert chronicle.untrue() == []


def test_a_start_that_is_taken_back_leaves_no_attempt_of_the_earlier_job(
    chronicle: Chronicle,
) -> None:
    later = LATER["was given back unbegun"]
    for order in itertools.permutations([FORMER, *([event] for event in later)]):
        for batch in order:
            chronicle.write(*batch)

        row = chronicle.job("a")
        assert (row["status"], row["attempt"], row["fence"], row["worker"]) == (
            *("queued", 0, 0, None),
        ), order
        empty(chronicle.engine)


def test_what_is_made_again_has_the_payload_and_the_options_of_the_later_job(
    chronicle: Chronicle,
) -> None:
    chronicle.write(*FORMER)
    chronicle.write(*LATER["waits"])

    [restorable] = PostgresLedgerStore(chronicle.engine).restorable(["a"])

    assert json.loads(restorable.job.payload) == {"name": "Eve"}
    assert restorable.job.options == {"tenant": "Eve"}
    assert (restorable.attempt, restorable.failures, restorable.error) == (0, 0, "")


def test_a_row_that_an_earlier_release_wrote_shows_the_payload_that_ran(
    chronicle: Chronicle,
) -> None:
    """Its recorder left the changed payload of the earlier job on it."""
    chronicle.write(*FORMER)
    chronicle.write(*LATER["waits"])
    sql = "UPDATE jobs SET payload_version = :version, changed_payload = :payload"
    run(chronicle.engine, sql, version=version_of("160000-0"), payload='{"name":"Bob"}')

    found = PostgresHistoryStore(chronicle.engine).find("a")

    assert found is not None
    assert found.current_payload == {"name": "Eve"}
