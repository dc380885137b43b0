"""Another server, or other data, takes over: each later event reaches the record."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.errors import HistoryUnavailable, QueueUnavailable
from backend.domain.ledger.shard_epoch import EpochReason
from backend.history.ledger.epoch_book import PostgresEpochBook
from backend.history.server.connection import connect
from backend.services.ledger.epoch_keeper import EpochKeeper
from tests.integration.history.databases import rows
from tests.integration.record.bureau import Bureau

HOUR = 3_600_000 << 20


def _clock_ahead(bureau: Bureau) -> None:
    """Events are dated an hour ahead, as those of a server whose clock is."""
    bureau.floor.raise_above(bureau.floor.raise_above(0) + HOUR)


def _copy(bureau: Bureau) -> dict[bytes, Any]:
    return {key: bureau.redis.dump(key) for key in bureau.redis.keys("*")}


def _put_back(bureau: Bureau, copy: dict[bytes, Any]) -> None:
    bureau.redis.flushall()
    for key, dump in copy.items():
        bureau.redis.restore(key, 0, dump)


def _status(bureau: Bureau, job_id: str) -> str:
    return str(
        rows(bureau.engine, "SELECT status FROM jobs WHERE id = :id", id=job_id)[0]["status"]
    )


def _finish(bureau: Bureau) -> None:
    (held,) = bureau.bench.claim()
    bureau.bench.settle(held, "finished", body="1")
    bureau.record()


def test_the_first_look_notes_the_server_and_later_ones_how_far_it_came(bureau: Bureau) -> None:
    epochs = bureau.epochs()
    assert epochs.look() is EpochReason.FIRST
    bureau.enqueue(bureau.job(job_id="a"))

    assert epochs.look() is None

    noted = PostgresEpochBook(bureau.engine, 0).current()
    assert noted is not None
    assert (noted.number, noted.run_id) == (1, bureau.redis.info("server")["run_id"])
    assert noted.last_version == bureau.floor.look().last_version


def test_events_after_an_older_copy_and_a_clock_behind_are_recorded(bureau: Bureau) -> None:
    """What happened, before: the record went on saying `retried`, and that for an hour."""
    epochs = bureau.epochs()
    epochs.look()
    bureau.enqueue(bureau.job(job_id="a"))
    bureau.record()
    copy = _copy(bureau)
    _clock_ahead(bureau)
    (held,) = bureau.bench.claim()
    bureau.bench.settle(held, "retried", body="{}", delay=1_000_000)
    bureau.record()
    assert _status(bureau, "a") == "scheduled"
    epochs.look()
    _put_back(bureau, copy)

    assert epochs.look() is EpochReason.OLDER_DATA
    _finish(bureau)

    assert _status(bureau, "a") == "finished"


def test_a_scheduler_that_was_not_there_before_knows_it_from_the_record(bureau: Bureau) -> None:
    bureau.epochs().look()
    bureau.enqueue(bureau.job(job_id="a"))
    copy = _copy(bureau)
    _clock_ahead(bureau)
    bureau.bench.claim()
    bureau.record()
    _put_back(bureau, copy)

    assert bureau.epochs().look() is EpochReason.OLDER_DATA
    _finish(bureau)

    assert _status(bureau, "a") == "finished"


def test_a_redis_that_was_emptied_goes_on_above_what_it_wrote(bureau: Bureau) -> None:
    epochs = bureau.epochs()
    _clock_ahead(bureau)
    bureau.enqueue(bureau.job(job_id="a"))
    bureau.record()
    epochs.look()
    bureau.redis.flushall()

    bureau.enqueue(bureau.job(job_id="b"))
    assert epochs.look() is EpochReason.OLDER_DATA
    bureau.enqueue(bureau.job(job_id="a"))
    bureau.bench.cancel("a")
    bureau.record()

    assert _status(bureau, "a") == "canceled"


def test_another_process_of_the_server_begins_an_epoch(bureau: Bureau) -> None:
    epochs = bureau.epochs()
    epochs.look()
    noted = PostgresEpochBook(bureau.engine, 0)
    first = noted.current()
    assert first is not None
    with bureau.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE shard_epochs SET run_id = 'before'")

    assert bureau.epochs().look() is EpochReason.RESTART
    second = noted.current()
    assert second is not None
    assert (second.number, second.run_id) == (2, first.run_id)
    assert bureau.epochs().look() is None


def test_every_job_is_looked_at_once_when_something_may_have_been_missed(bureau: Bureau) -> None:
    asked: list[int] = []
    epochs = EpochKeeper(bureau.floor, PostgresEpochBook(bureau.engine, 0), asked.append)
    epochs.look()
    bureau.enqueue(bureau.job(job_id="a"))
    epochs.look()
    assert asked == []

    bureau.redis.flushall()
    epochs.look()
    epochs.look()

    assert asked == [2]


def test_every_job_is_looked_at_after_a_restart_that_lost_one_though_new_events_came_first(
    bureau: Bureau,
) -> None:
    """They have the clock of now: nothing in the versions tells that those of before are gone."""
    asked: list[int] = []
    epochs = EpochKeeper(bureau.floor, PostgresEpochBook(bureau.engine, 0), asked.append)
    epochs.look()
    copy = _copy(bureau)
    bureau.enqueue(bureau.job(job_id="a"))
    bureau.record()
    epochs.look()
    _put_back(bureau, copy)
    with bureau.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE shard_epochs SET run_id = 'before'")
    bureau.enqueue(bureau.job(job_id="b"))

    later = EpochKeeper(bureau.floor, PostgresEpochBook(bureau.engine, 0), asked.append)
    assert later.look() is EpochReason.RESTART

    assert asked == [2]


def test_who_is_stopped_before_it_is_noted_asks_again_under_the_same_number(
    bureau: Bureau,
) -> None:
    def away(number: int) -> None:
        asked.append(number)
        if len(asked) == 1:
            raise QueueUnavailable("away")

    asked: list[int] = []
    epochs = EpochKeeper(bureau.floor, PostgresEpochBook(bureau.engine, 0), away)
    epochs.look()
    bureau.enqueue(bureau.job(job_id="a"))
    epochs.look()
    bureau.redis.flushall()

    with pytest.raises(QueueUnavailable):
        epochs.look()
    assert epochs.look() is EpochReason.OLDER_DATA

    assert asked == [2, 2]


def test_two_schedulers_begin_one_epoch(bureau: Bureau) -> None:
    one, other = bureau.epochs(), bureau.epochs()
    one.look()
    other.look()
    bureau.redis.flushall()

    assert one.look() is EpochReason.OLDER_DATA
    assert other.look() is None
    assert len(rows(bureau.engine, "SELECT FROM shard_epochs")) == 2


def test_while_postgres_is_away_the_scheduler_goes_by_what_it_has_seen(bureau: Bureau) -> None:
    _clock_ahead(bureau)
    bureau.enqueue(bureau.job(job_id="a"))
    high = bureau.floor.look().last_version
    nowhere = connect("postgresql+psycopg2://nobody@127.0.0.1:1/none")
    cut_off = EpochKeeper(bureau.floor, PostgresEpochBook(nowhere, 0))
    _fails(cut_off)
    bureau.redis.flushall()

    _fails(cut_off)

    assert bureau.floor.look().last_version == high


def _fails(epochs: EpochKeeper) -> None:
    with pytest.raises(HistoryUnavailable):
        epochs.look()


def test_a_rebuild_makes_jobs_above_all_that_is_on_record(bureau: Bureau) -> None:
    _clock_ahead(bureau)
    bureau.enqueue(bureau.job(job_id="a"))
    bureau.bench.claim()
    bureau.record()
    bureau.redis.flushall()

    bureau.ledger().rebuild()
    _finish(bureau)

    assert _status(bureau, "a") == "finished"
    assert bureau.ledger().reconcile().is_balanced


def test_a_clock_far_behind_never_uses_up_the_ids_of_a_millisecond(bureau: Bureau) -> None:
    epochs = bureau.epochs()
    crowded = ((bureau.floor.raise_above(0) + HOUR) >> 20 << 20) + (1 << 19)
    bureau.floor.raise_above(crowded)

    epochs.look()
    bureau.enqueue(bureau.job(job_id="a"))

    assert bureau.floor.look().last_version == ((crowded >> 20) + 1 << 20) + 1
