"""Each action is one row of a chain in which nothing can be changed unnoticed."""

from __future__ import annotations

import itertools
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.domain.access.access_errors import NotAllowed
from backend.domain.access.actor import Actor, ActorKind, Channel
from backend.domain.audit.audit import ActionOutcome, AuditEntry
from backend.domain.audit.audit_ports import AuditFilter
from backend.domain.errors import JobNotFound, QueueUnavailable
from backend.history.audit.anchor_file import AnchorFile
from backend.services.access.audit_export import verify_export
from backend.services.access.audit_service import AuditService
from backend.services.actions.action_log import ActionLog, Effect
from tests.integration.record.bureau import Bureau

ADA = Actor("ada", "operator", "10.0.0.7", kind=ActorKind.PERSON, channel=Channel.CLI)
BOT = Actor("bot", "producer", "10.0.0.8", kind=ActorKind.TOKEN, channel=Channel.API, id="key:7")


@pytest.fixture
def audit(bureau: Bureau) -> AuditService:
    """An audit log with some rows."""
    for number in range(12):
        bureau.audit.record(
            "job.cancel",
            ADA if number % 2 else BOT,
            object=f"job:{number}",
            reason="d\u00e9j\u00e0 vu",
            before={"state": "queued", "n": 1.5},
            after={"state": "canceled"},
            affected_ids=[f"job-{number}"],
            request_id=f"r-{number}",
            trace_id="t",
        )
    return bureau.audit


def test_a_row_says_who_did_what_from_where_and_why(bureau: Bureau) -> None:
    row = bureau.audit.record(
        "queue.purge",
        ADA,
        object="queue:low",
        reason="too late anyway",
        before={"waiting": 2},
        after={"waiting": 0},
        affected_ids=["a", "b"],
    )

    found = bureau.audit.search(AuditFilter(actor="ada", affected_id="b"))

    assert found == [row]
    assert row.to_dict() == {
        "number": 1,
        "at": row.at.isoformat(timespec="microseconds"),
        "actor": "ada",
        "actor_kind": "person",
        "role": "operator",
        "source": "10.0.0.7",
        "channel": "cli",
        "action": "queue.purge",
        "outcome": "done",
        "object": "queue:low",
        "affected_ids": ["a", "b"],
        "affected": 2,
        "reason": "too late anyway",
        "before": '{"waiting":2}',
        "after": '{"waiting":0}',
        "request_id": "",
        "trace_id": "",
        "previous_hash": "00" * 32,
        "hash": row.hash.hex(),
    }


def test_two_who_have_one_name_are_told_apart(bureau: Bureau) -> None:
    ids = ["key:1", "key:2", "jwt:https://idp.example|ada", ""]

    for number, each in enumerate(ids):
        bureau.audit.record("job.cancel", replace(ADA, id=each), object=f"job:{number}")

    found = bureau.audit.search(AuditFilter(actor="ada"))
    assert [row.entry.actor.id for row in found] == ids[::-1]
    assert [row.to_dict().get("actor_id", "") for row in found] == ids[::-1]
    assert bureau.audit.verify().holds


def test_secrets_do_not_reach_the_log(bureau: Bureau) -> None:
    row = bureau.audit.record("setting.change", ADA, after={"smtp": {"password": "hunter2"}})

    assert row.entry.after == '{"smtp":{"password":"[hidden]"}}'


def test_an_action_on_many_lists_the_first_and_counts_all(bureau: Bureau) -> None:
    row = bureau.audit.record("dlq.redrive", ADA, affected_ids=[f"j{n}" for n in range(3000)])

    assert (len(row.entry.affected_ids), row.entry.affected) == (1000, 3000)
    assert bureau.audit.verify().holds


def test_an_untouched_log_holds(audit: AuditService) -> None:
    verdict = audit.verify()

    assert verdict.holds
    assert (verdict.rows, verdict.head.number) == (12, 12)


def test_rows_written_by_many_at_once_are_one_chain(bureau: Bureau) -> None:
    def act() -> None:
        for number in range(15):
            bureau.audit.record("job.retry", ADA, object=f"job:{number}")

    people = [threading.Thread(target=act) for _ in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    verdict = bureau.audit.verify()
    assert verdict.holds
    assert verdict.rows == 90


CHANGES = {
    "actor": "'eve'",
    "at": "at + interval '1 microsecond'",
    "actor_kind": "'system'",
    "actor_id": "'key:8'",
    "role": "'admin'",
    "source": "NULL",
    "channel": "'api'",
    "action": "'job.look'",
    "outcome": "'refused'",
    "object": "'job:0'",
    "affected_ids": "'{}'",
    "affected": "7",
    "reason": "'none'",
    "before": "NULL",
    "after": '\'{"state": "canceled"}\'',
    "request_id": "'r'",
    "trace_id": "'u'",
    "previous_hash": "sha256('x')",
    "hash": "sha256('x')",
}


@pytest.mark.parametrize("column", CHANGES)
def test_a_change_to_any_column_is_found(audit: AuditService, bureau: Bureau, column: str) -> None:
    assert bureau.change(f"UPDATE audit_log SET {column} = {CHANGES[column]} WHERE number = 6") == 1

    verdict = audit.verify()

    assert not verdict.holds
    assert {problem.number for problem in verdict.problems} <= {6, 7}


def test_a_removed_row_is_found(audit: AuditService, bureau: Bureau) -> None:
    bureau.change("DELETE FROM audit_log WHERE number = 5")

    (problem,) = audit.verify().problems

    assert (problem.number, problem.problem) == (6, "row 5 before it removed")


def test_a_removed_row_is_found_though_the_others_were_renumbered(
    audit: AuditService, bureau: Bureau
) -> None:
    bureau.change("DELETE FROM audit_log WHERE number = 5")
    bureau.change("UPDATE audit_log SET number = number - 1 WHERE number > 5")

    assert not audit.verify().holds


def test_an_inserted_row_is_found(audit: AuditService, bureau: Bureau) -> None:
    bureau.change("UPDATE audit_log SET number = number + 100 WHERE number > 5")
    bureau.change(
        "INSERT INTO audit_log SELECT 6, at, 'eve', actor_kind, role, source, channel, action, outcome,"
        " object, affected_ids, affected, reason, before, after, request_id, trace_id,"
        " sha256('z'), sha256('y') FROM audit_log WHERE number = 5"
    )
    bureau.change("UPDATE audit_log SET number = number - 99 WHERE number > 100")

    assert {problem.number for problem in audit.verify().problems} >= {6, 7}


def test_rows_cut_off_the_end_are_missed(audit: AuditService, bureau: Bureau) -> None:
    bureau.change("DELETE FROM audit_log WHERE number > 9")

    (problem,) = audit.verify().problems

    assert problem.problem == "rows 10 to 12 at the end removed"


def test_rows_cut_off_are_missed_though_others_were_written_since(
    audit: AuditService, bureau: Bureau
) -> None:
    bureau.change("DELETE FROM audit_log WHERE number > 9")
    audit.record("job.cancel", ADA)

    (problem,) = audit.verify().problems

    assert (problem.number, problem.problem) == (13, "rows 10 to 12 before it removed")


def test_who_owns_the_database_cannot_rewrite_what_was_anchored_elsewhere(
    audit: AuditService, bureau: Bureau, tmp_path: Path
) -> None:
    anchor = AnchorFile(tmp_path / "elsewhere" / "anchor.jsonl")
    head = bureau.audit_store.head()
    assert head is not None
    anchor.keep("audit_log", head)
    with (tmp_path / "elsewhere" / "anchor.jsonl").open("a") as file:
        file.write('{"chain": "audit_log", "num')
    anchored = AuditService(bureau.audit_store, bureau.seals, bureau.clock, anchor)
    assert anchored.verify().holds

    bureau.change("DELETE FROM audit_log")
    bureau.change("DELETE FROM chain_heads")
    for _ in range(12):
        bureau.audit.record("nothing.happened", ADA)

    assert audit.verify().holds
    (problem,) = anchored.verify().problems
    assert "written anew" in problem.problem


def test_ordinary_rights_do_not_suffice_to_change_a_row(
    audit: AuditService, bureau: Bureau
) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    for statement in (
        "UPDATE audit_log SET actor = 'eve'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "DELETE FROM job_event_seals WHERE number = 1; UPDATE audit_log SET role = 'x'",
    ):
        with bureau.engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
            connection.execute(text(statement))


def test_an_action_is_written_before_and_after(bureau: Bureau) -> None:
    by = replace(ADA, request_id="r-1", trace_id="t-1")
    with ActionLog(bureau.audit).around("jobs.cancel", by, "job:1", "sent twice") as attempt:
        (intended,) = bureau.audit.search(AuditFilter(request_id="r-1"))
        attempt.effect = Effect("canceled", ["1"], after={"outcome": "canceled"})

    done, _ = bureau.audit.search(AuditFilter(request_id="r-1"))
    assert intended.entry == AuditEntry(
        "jobs.cancel",
        ADA,
        "job:1",
        ActionOutcome.INTENDED,
        reason="sent twice",
        request_id="r-1",
        trace_id="t-1",
    )
    assert done.entry == replace(
        intended.entry,
        outcome=ActionOutcome.DONE,
        after='{"outcome":"canceled"}',
        affected_ids=("1",),
        affected=1,
    )


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (JobNotFound("no job"), "refused"),
        (NotAllowed("not yours"), "refused"),
        (QueueUnavailable("away"), "failed"),
    ],
)
def test_an_action_that_went_wrong_says_how(bureau: Bureau, error: Exception, outcome: str) -> None:
    by = replace(ADA, request_id="r-1")
    with (
        pytest.raises(type(error)),
        ActionLog(bureau.audit).around("jobs.cancel", by, "job:1"),
    ):
        raise error

    ended, _ = bureau.audit.search(AuditFilter(request_id="r-1"))
    assert ended.entry.outcome == outcome
    assert json.loads(ended.entry.after)["message"] == str(error)


def test_an_action_whose_outcome_never_came_is_listed(bureau: Bureau) -> None:
    with ActionLog(bureau.audit).around("jobs.cancel", replace(ADA, request_id="r-1"), "job:1"):
        pass
    bureau.audit.record("jobs.cancel", ADA, request_id="r-2", outcome="intended")

    assert [row.entry.request_id for row in bureau.audit.unmatched(older_than=-5)] == ["r-2"]
    assert bureau.audit.unmatched(older_than=60) == []


def test_a_name_that_cannot_be_stored_is_refused_by_its_action_and_not_by_the_log(
    bureau: Bureau,
) -> None:
    with (
        pytest.raises(JobNotFound),
        ActionLog(bureau.audit).around("jobs.cancel", ADA, "job:a\0b", "no\0"),
    ):
        raise JobNotFound("no job")

    ended = bureau.audit.search(AuditFilter(action="jobs.cancel"), most=1)[0].entry
    assert (ended.object, ended.reason, ended.outcome) == ("job:a�b", "no�", "refused")


@pytest.mark.parametrize("odd", ["a\0b", "caf\udce9", "\ud800"])
def test_no_text_that_cannot_be_stored_costs_a_done_action_its_outcome(
    bureau: Bureau, odd: str
) -> None:
    """A name of an account, a word of a terminal that is not UTF-8, an id, what came of it."""
    by = Actor(odd, "operator", odd, id=odd)
    with ActionLog(bureau.audit).around("queues.pause", by, f"queue:{odd}", odd) as attempt:
        attempt.effect = Effect(None, [odd], before=odd, after={"at": float("nan"), "why": odd})

    done, intended = bureau.audit.search(AuditFilter(action="queues.pause"))
    assert (intended.entry.outcome, done.entry.outcome) == ("intended", "done")
    assert json.loads(done.entry.after) == {"at": "nan", "why": odd}
    assert bureau.audit.unmatched(older_than=-5) == []
    assert bureau.audit.verify().holds
    ActionLog(bureau.audit).refuse("queues.pause", by, odd, NotAllowed("not yours"))
    assert bureau.audit.search(AuditFilter(), most=1)[0].entry.outcome == "refused"


def test_an_action_that_is_done_does_not_fail_for_its_row(bureau: Bureau) -> None:
    """Who was told that it failed would do it again."""
    did: list[str] = []

    class Trail:
        def record(self, action: str, actor: Actor, **details: Any) -> None:
            if details["outcome"] != "intended":
                raise ValueError("a trigger of somebody's")

    with capture_logs() as logs, ActionLog(Trail()).around("queues.pause", ADA, "queue:low"):
        did.append("paused")

    [lost] = [line for line in logs if line["event"] == "audit.not_recorded"]
    assert (did, lost["outcome"], lost["object"]) == (["paused"], "done", "queue:low")


def test_each_action_of_code_has_an_outcome_of_its_own(bureau: Bureau) -> None:
    """Code has no request: without an id, no intent would ever find its outcome."""
    log = ActionLog(bureau.audit)
    for number in range(2):
        with log.around("schedules.pause", Actor("deploy"), f"schedule:{number}"):
            pass

    assert bureau.audit.unmatched(older_than=-5) == []
    rows = bureau.audit.search(AuditFilter(actor="deploy"))
    assert [row.entry.actor.channel for row in rows] == [Channel.PYTHON] * 4
    assert len({row.entry.request_id for row in rows}) == 2


def test_the_log_is_searched_newest_first_page_by_page(audit: AuditService) -> None:
    first = audit.search(AuditFilter(actor="ada"), most=4)
    rest = audit.search(AuditFilter(actor="ada"), before=first[-1].number, most=4)
    recent = AuditFilter(after=datetime.now(UTC) - timedelta(minutes=1), action="job.cancel")
    old = AuditFilter(before=datetime.now(UTC) - timedelta(minutes=1))

    assert [row.number for row in (*first, *rest)] == [12, 10, 8, 6, 4, 2]
    assert len(audit.search(recent)) == 12
    assert audit.search(old) == []


def test_an_export_can_be_checked_without_a_database(audit: AuditService) -> None:
    lines = list(audit.export())

    assert verify_export(lines) == (12, 12, [])
    changed = [line.replace('"ada"', '"eve"', 1) for line in lines]
    assert [each.number for each in verify_export(changed).problems] == [2, 4, 6, 8, 10, 12]
    assert [each.number for each in verify_export([*lines[:3], *lines[4:]]).problems] == [5]
    assert list(itertools.chain(lines)) == list(audit.export())
