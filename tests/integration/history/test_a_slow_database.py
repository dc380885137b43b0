"""A batch that takes a slow Postgres too long is offered in smaller parts, until they get through."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from backend.domain.errors import HistoryUnavailable
from backend.domain.history.history_ports import EventBatch
from backend.history.recording.record_writer import PostgresRecordWriter
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import run
from tests.integration.history.lives import Life, events_of


@pytest.fixture
def slow(engine: Engine) -> Iterator[None]:
    """Postgres gives up a statement that adds more than ten ends of attempts, as if it took too long."""
    run(
        engine,
        "CREATE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF (SELECT count(*) FROM added) > 10 THEN RAISE EXCEPTION"
        " 'canceling statement due to statement timeout' USING ERRCODE = 'query_canceled'; END IF;"
        " RETURN NULL; END $$",
    )
    run(
        engine,
        "CREATE TRIGGER give_up AFTER INSERT ON job_results REFERENCING NEW TABLE AS added"
        " FOR EACH STATEMENT EXECUTE FUNCTION give_up()",
    )
    yield
    run(engine, "DROP TRIGGER give_up ON job_results")
    run(engine, "DROP FUNCTION give_up")


@pytest.mark.usefixtures("slow")
def test_what_took_too_long_comes_in_smaller_parts_at_the_next_try(chronicle: Chronicle) -> None:
    writer = PostgresRecordWriter(chronicle.engine)
    lives = 40
    batch = EventBatch(events_of(*[Life() for _ in range(lives)]))

    with pytest.raises(HistoryUnavailable, match="statement timeout"):
        writer.write(batch)
    assert any(_is_written(writer, batch) for _ in range(6))

    [recorded] = chronicle.rows("SELECT count(*) AS ends FROM job_results")
    assert recorded["ends"] == lives


def _is_written(writer: PostgresRecordWriter, batch: EventBatch) -> bool:
    try:
        return writer.write(batch) == 0
    except HistoryUnavailable:
        return False
