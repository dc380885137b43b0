"""Events that were emitted, and what could not be recorded, go with the history of their time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.domain.errors import JobNotFound
from backend.domain.history.history_retention import RetentionPolicy
from backend.history.schema.upkeep_store import PostgresUpkeepStore
from backend.loops.pruner import Pruner
from tests.integration.record.bureau import Bureau

ADA = {"user": {"name": "Ada", "id": 7}}
NOW = datetime.now(UTC)
#: Of which no month is left that a rule may keep.
LONG_AGO = NOW - timedelta(days=125)


def _emit(bureau: Bureau, event_id: str, at: datetime, name: str = "user.registered") -> Any:
    emitted = bureau.event_service.emit_event(name, ADA, event_id=event_id)
    sql = "UPDATE event_records SET created_at = :at WHERE id = :id"
    bureau.change(sql, at=at, id=event_id)
    return emitted


def _forget_jobs(bureau: Bureau) -> None:
    """Retention has taken them."""
    bureau.change("DELETE FROM jobs")
    bureau.change("DELETE FROM job_outbox")


def _prune(bureau: Bureau) -> None:
    upkeep = PostgresUpkeepStore(bureau.engine)
    while Pruner(upkeep, bureau.clock, RetentionPolicy()).run_once() == 0.0:
        continue


def _events(bureau: Bureau) -> list[str]:
    return [row["id"] for row in bureau.rows("SELECT id FROM event_records ORDER BY id")]


def test_an_event_goes_when_its_time_is_over_and_its_jobs_have_left_the_record(
    bureau: Bureau,
) -> None:
    _emit(bureau, "unheard", LONG_AGO, "nobody.listens")
    _emit(bureau, "old", LONG_AGO)
    _emit(bureau, "new", NOW - timedelta(days=89))
    _forget_jobs(bureau)

    _prune(bureau)

    assert _events(bureau) == ["new"]
    jobs = bureau.rows("SELECT DISTINCT event_id FROM event_record_jobs")
    assert [row["event_id"] for row in jobs] == ["new"]
    with pytest.raises(JobNotFound):
        bureau.event_service.get_event("old")


def test_its_id_is_remembered_until_then(bureau: Bureau) -> None:
    _emit(bureau, "old", LONG_AGO)
    assert not bureau.event_service.emit_event("user.registered", ADA, event_id="old").is_new
    _forget_jobs(bureau)

    _prune(bureau)

    assert bureau.event_service.emit_event("user.registered", ADA, event_id="old").is_new


@pytest.mark.parametrize("is_sent", [True, False])
def test_an_event_stays_while_one_of_its_jobs_does(bureau: Bureau, is_sent: bool) -> None:
    """In the record, or in the outbox."""
    emitted = _emit(bureau, "old", LONG_AGO)
    if is_sent:
        bureau.relay_all()
        bureau.record()
        bureau.change("DELETE FROM jobs WHERE id = :id", id=emitted.job_ids[0])
        bureau.change("DELETE FROM job_outbox")

    _prune(bureau)

    assert _events(bureau) == ["old"]


def test_events_go_by_whole_months_as_their_jobs_do(bureau: Bureau) -> None:
    first = NOW.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    _emit(bureau, "before", first - timedelta(seconds=1))
    _emit(bureau, "within", first)
    _forget_jobs(bureau)

    assert PostgresUpkeepStore(bureau.engine).prune_events(NOW, 10) == 1

    assert _events(bureau) == ["within"]


def test_what_is_left_of_many_is_told(bureau: Bureau) -> None:
    for number in range(3):
        _emit(bureau, f"e-{number}", LONG_AGO + timedelta(seconds=number))
    _forget_jobs(bureau)

    assert PostgresUpkeepStore(bureau.engine).prune_events(NOW, 2) == 2

    assert _events(bureau) == ["e-2"]


def test_what_was_set_aside_goes_in_time(bureau: Bureau) -> None:
    sql = "INSERT INTO set_aside_events VALUES (:id, 'entry', 'reason', :at)"
    for days in (89, 91):
        bureau.change(sql, id=f"{days}-0", at=NOW - timedelta(days=days))

    _prune(bureau)

    left = bureau.rows("SELECT stream_id FROM set_aside_events")
    assert [row["stream_id"] for row in left] == ["89-0"]
