"""Job events are sealed stretch by stretch; whatever is changed behind a seal is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.domain.access.actor import Actor
from backend.domain.audit.audit_chain import ChainProblem
from backend.domain.history.history_retention import RetentionPolicy
from backend.domain.jobs.job_event import JobEvent, version_of
from backend.history.audit.anchor_file import AnchorFile
from backend.history.audit.audit_store import PostgresAuditStore
from backend.history.audit.seal_store import PostgresSealStore
from backend.history.schedules.duty_leases import PostgresLeadership
from backend.loops.leader import Leader
from backend.loops.sealer import Sealer
from backend.services.access.audit_service import AuditService
from tests.integration.record.bureau import Bureau

GONE = (
    "all 2 job events of 2025-03 under seal 1 are gone, and history is to be kept for longer: removed, or "
    "dropped while its settings were for fewer days"
)


def _sealer(bureau: Bureau, anchor: AnchorFile | None = None, delay: float = -1.0) -> Sealer:
    return Sealer(
        PostgresSealStore(bureau.engine),
        PostgresAuditStore(bureau.engine),
        bureau.progress,
        bureau.clock,
        leader=Leader(
            PostgresLeadership(bureau.engine), bureau.clock, duty="seals", holder="a", lease=600
        ),
        anchor=anchor,
        delay=delay,
    )


def _seal_some(bureau: Bureau, most: int = 4) -> None:
    while bureau.seals.seal_next(bureau.progress.recorded(), -1.0, most):
        continue


@pytest.fixture
def sealed(bureau: Bureau) -> Bureau:
    """Twelve events under three seals."""
    bureau.enqueue(*[bureau.job() for _ in range(4)])
    bureau.run_all()
    bureau.record()
    _seal_some(bureau)
    return bureau


def test_an_untouched_record_holds(sealed: Bureau) -> None:
    verdict = sealed.audit.verify()

    assert verdict.holds
    assert (verdict.seals, verdict.events) == (3, 12)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind", "'canceled'"),
        ("status", "'failed'"),
        ("queue", "'low'"),
        ("attempt", "attempt + 1"),
        ("actor", "'eve'"),
        ("run_ms", "0.1"),
        ("due_at", "now()"),
        ("note", "'nothing'"),
        ("payload", "'{}'"),
        ("job_id", "'other'"),
    ],
)
def test_a_change_to_any_column_of_an_event_is_found(
    sealed: Bureau, column: str, value: str
) -> None:
    where = "WHERE kind = 'finished' AND version = (SELECT max(version) FROM job_events)"
    assert sealed.change(f"UPDATE job_events SET {column} = {value} {where}") == 1

    (problem,) = sealed.audit.verify().problems

    assert (problem.chain, problem.number) == ("job_event_seals", 3)
    assert "at least one changed" in problem.problem


def test_a_removed_event_is_found(sealed: Bureau) -> None:
    sealed.change(
        "DELETE FROM job_events WHERE (version, job_id) ="
        " (SELECT version, job_id FROM job_events ORDER BY version, job_id LIMIT 1)"
    )

    (problem,) = sealed.audit.verify().problems

    assert problem.number == 1
    assert problem.problem.endswith("1 removed")


def test_an_event_inserted_between_others_is_found(sealed: Bureau) -> None:
    sealed.change(
        "INSERT INTO job_events (job_id, version, kind, attempt)"
        " SELECT 'forged', min(version) + 1, 'cancel_asked', 0 FROM job_events"
    )

    assert "1 inserted" in sealed.audit.verify().problems[0].problem


def test_an_event_inserted_before_all_others_is_found(sealed: Bureau) -> None:
    sealed.change(
        "INSERT INTO job_events (job_id, version, kind, attempt)"
        " SELECT 'forged', min(version) - 1, 'cancel_asked', 0 FROM job_events"
    )

    assert "1 inserted" in sealed.audit.verify().problems[0].problem


def test_a_seal_that_was_made_to_fit_is_found(sealed: Bureau) -> None:
    sealed.change("UPDATE job_events SET actor = 'eve' WHERE kind = 'finished'")
    sealed.change(
        "UPDATE job_event_seals s SET digest ="
        " (SELECT d.digest FROM digest_of_events(s.after_version, s.until_version) d)"
    )

    problems = sealed.audit.verify().problems
    assert problems
    assert all("content is not what was written" in found.problem for found in problems)


@pytest.mark.parametrize("number", [2, 3])
def test_a_removed_seal_is_found(sealed: Bureau, number: int) -> None:
    sealed.change("DELETE FROM job_event_seals WHERE number = :n", n=number)

    assert any("removed" in found.problem for found in sealed.audit.verify().problems)


def test_removed_seals_are_still_missed_when_others_follow(sealed: Bureau) -> None:
    sealed.change("DELETE FROM job_event_seals WHERE number = 3")
    sealed.enqueue(sealed.job())
    sealed.record()
    _seal_some(sealed)

    assert any("row 3 before it removed" in p.problem for p in sealed.audit.verify().problems)


def test_nothing_is_sealed_that_the_recorder_has_not_passed(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job())
    bureau.enqueue(bureau.job())
    stream = bureau.chronicle.stream()
    slow = stream.read(1, 0.1)
    other = bureau.chronicle.recorder()
    other.record_batch()
    assert len(bureau.rows("SELECT 1 FROM job_events")) == 1

    assert _sealer(bureau).run_once() > 0
    assert bureau.rows("SELECT 1 FROM job_event_seals") == []

    bureau.chronicle.recorder()._record.write(slow)
    stream.acknowledge(slow)
    _sealer(bureau).run_once()
    assert bureau.rows("SELECT events FROM job_event_seals") == [{"events": 2}]
    assert bureau.audit.verify().holds


def test_young_events_are_not_sealed_yet(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job())
    bureau.record()

    sealer = _sealer(bureau, delay=60)
    sealer.run_once()

    assert sealer.sealed == 0


def _event(ms: int, job_id: str) -> JobEvent:
    payload = {"job_type": "greet", "data": "{}", "state": "queued", "max_attempts": 1}
    return JobEvent(f"{ms}-0", "enqueued", job_id, "normal", **payload)  # type: ignore[arg-type]


def test_a_stretch_ends_with_its_month_and_a_dropped_month_is_no_tampering(bureau: Bureau) -> None:
    january, february = 1_736_000_000_000, 1_739_000_000_000
    bureau.chronicle.write(_event(january, "old-1"), _event(january + 1, "old-2"))
    bureau.chronicle.write(_event(february, "new-1"))
    _seal_some(bureau, most=100)
    assert bureau.rows("SELECT events FROM job_event_seals ORDER BY number") == [
        {"events": 2},
        {"events": 1},
    ]
    assert bureau.audit.verify().holds

    with bureau.engine.begin() as connection:
        connection.execute(text("SELECT drop_job_events_partition('2025-01-01')"))

    verdict = bureau.audit.verify()
    assert verdict.holds
    assert (verdict.retired_seals, verdict.events) == (1, 1)


@pytest.fixture
def march(bureau: Bureau) -> Iterator[Bureau]:
    """A bureau with two events of a month of its own, sealed; whatever its table is called then goes."""
    march = 1_741_500_000_000
    bureau.chronicle.write(_event(march, "old-1"), _event(march + 1, "old-2"))
    _seal_some(bureau, most=100)
    yield bureau
    for name in ("job_events_2025_03", "hidden"):
        bureau.change(f"DROP TABLE IF EXISTS {name}")


@pytest.mark.parametrize(
    ("hide", "words"),
    [
        (
            "ALTER TABLE job_events_2025_03 RENAME TO hidden",
            "job events with versions 1 to {until}: at least one changed",
        ),
        ("ALTER TABLE job_events DETACH PARTITION job_events_2025_03", GONE),
        ("DROP TABLE job_events_2025_03", GONE),
    ],
    ids=["renamed", "detached", "dropped"],
)
def test_no_table_that_is_hidden_hides_what_became_of_its_events(
    march: Bureau, hide: str, words: str
) -> None:
    keeps = RetentionPolicy(days_by_type={"report": 3650})
    audit = AuditService(march.audit_store, march.seals, march.clock, None, keeps)
    march.change("UPDATE job_events SET actor = 'eve' WHERE job_id = 'old-1'")
    march.change(hide)

    verdict = audit.verify()

    until = version_of("1741500000001-0")
    problem = ChainProblem("job_event_seals", 1, words.format(until=until))
    assert (verdict.problems, verdict.retired_seals, verdict.events) == ([problem], 0, 2)
    if words == GONE:
        assert march.audit.verify().retired_seals == 1, "it is older than others are kept"


@pytest.mark.parametrize(
    ("after", "most_events", "numbers"),
    [(0, 100, [1, 2, 3]), (0, 8, [1, 2]), (1, 7, [2]), (1, 1, [2]), (3, 100, [])],
)
def test_a_page_has_seals_of_so_many_events_and_one_at_least(
    sealed: Bureau, after: int, most_events: int, numbers: list[int]
) -> None:
    """Ten seals of 20,000 events each took longer than a statement may, at each try the same ten."""
    page = sealed.seals.page(after, most_events)

    assert [stretch.seal.number for stretch in page] == numbers
    assert {stretch.events for stretch in page} <= {4}


def test_events_of_many_batches_are_sealed_one_after_the_other(bureau: Bureau) -> None:
    for _ in range(3):
        bureau.enqueue(bureau.job())
        bureau.run_all()
        bureau.record()
        _sealer(bureau).run_once()

    rows = bureau.rows(
        "SELECT after_version, until_version, events FROM job_event_seals ORDER BY number"
    )
    assert [row["events"] for row in rows] == [3, 3, 3]
    assert rows[0]["after_version"] == 0
    assert [row["after_version"] for row in rows[1:]] == [row["until_version"] for row in rows[:-1]]
    assert rows[-1]["until_version"] == version_of(bureau.bench.events()[-1].id)


def test_the_heads_are_anchored_when_they_have_changed(bureau: Bureau, tmp_path: Path) -> None:
    anchor = AnchorFile(tmp_path / "anchor.jsonl")
    bureau.enqueue(bureau.job())
    bureau.record()
    sealer = _sealer(bureau, anchor)

    sealer.run_once()
    sealer._anchor_at = 0.0
    sealer.run_once()

    assert list(anchor.kept("job_event_seals")) == [bureau.seals.head()]
    assert anchor.highest("audit_log") is None
    assert len((tmp_path / "anchor.jsonl").read_text().splitlines()) == 1


def test_an_end_that_was_cut_off_is_missed_after_the_next_anchor_too(
    bureau: Bureau, tmp_path: Path
) -> None:
    """Also when the head beside the rows was set back, and when the chain is longer than before again."""
    anchor = AnchorFile(tmp_path / "anchor.jsonl")
    audit = AuditService(bureau.audit_store, bureau.seals, bureau.clock, anchor)
    sealer = _sealer(bureau, anchor)

    def act(times: int, name: str) -> None:
        for _ in range(times):
            audit.record(name, Actor("ada"))
        sealer._anchor_at = 0.0
        sealer.run_once()

    act(7, "queues.pause")
    act(3, "queues.purge")
    assert (audit.verify().problems, audit.behind_anchors()) == ([], [])

    bureau.change("DELETE FROM audit_log WHERE number > 7")
    bureau.change(
        "UPDATE chain_heads h SET number = a.number, hash = a.hash FROM audit_log a"
        " WHERE h.chain = 'audit_log' AND a.number = 7"
    )
    act(0, "")

    cut = ChainProblem("audit_log", 7, "rows 8 to 10 at the end removed")
    assert audit.verify().problems == [cut]
    short = "it ends at row 7, and row 10 was kept elsewhere"
    assert audit.behind_anchors() == [ChainProblem("audit_log", 10, short)]

    act(4, "queues.resume")
    act(1, "queues.resume")
    anew = "its hash is not the one that was kept elsewhere: the chain was written anew"
    assert audit.verify().problems == [ChainProblem("audit_log", 10, anew)]
