"""Actions whose outcome never came are told, and so is every damage of an export."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from backend.bootstrap.current import platform
from backend.cli.input.identity import who
from backend.cli.input.parts import audit_service
from backend.history.server.connection import WORKING
from tests.integration.cli.shell import Shell

#: What is younger than this may still be under way.
_NOW = ("--older-than", "0s")


def test_actions_whose_outcome_never_came_are_listed(shell: Shell) -> None:
    shell.run("queues", "pause", "low")
    shell.run("queues", "resume", "low")
    row = audit_service().record(
        "queues.purge", who(), object="queue:low", request_id="r-9", outcome="intended"
    )

    listed = shell.run("audit", "unfinished", *_NOW, "--json", status=1).json
    shown = shell.run("audit", "unfinished", *_NOW, status=1).text

    assert [each["number"] for each in listed] == [row.number]
    assert (listed[0]["action"], listed[0]["object"]) == ("queues.purge", "queue:low")
    assert "queues.purge" in shown
    assert "every action" in shell.run("audit", "unfinished").text


def test_a_verification_says_what_it_read_and_what_it_passed_over(shell: Shell) -> None:
    shell.run("queues", "pause", "low")
    rows = len(shell.run("audit", "list", "--json").json)

    said = shell.run("audit", "verify").talk
    verdict = shell.run("audit", "verify", "--json").json

    assert said == f"{rows} rows, 0 seals, 0 retired seals, 0 events: the chain holds\n"
    assert (verdict["retired_seals"], verdict["holds"]) == ("0", True)


def test_a_stretch_of_events_may_take_as_long_to_verify_as_to_seal(shell: Shell) -> None:
    shell.run("audit", "verify")

    with platform().connections.postgres("tally-verify").connect() as connection:
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == f"{WORKING:.0f}s"


def test_a_damaged_export_is_told_row_by_row(shell: Shell, tmp_path: Path) -> None:
    shell.run("queues", "pause", "low")
    shell.run("queues", "resume", "low")
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    shell.run("audit", "export", str(whole))
    cut.write_bytes(whole.read_bytes()[:-20] + b"\xff\n")
    rows = len(whole.read_text().splitlines())

    holds = shell.run("audit", "verify", "--export", str(whole)).talk
    told = shell.run("audit", "verify", "--export", str(cut), status=1).text
    verdict = shell.run("audit", "verify", "--export", str(cut), "--json", status=1).json

    assert holds == f"{whole} export, {rows} rows, {rows} last: the chain holds\n"
    problem = f"line {rows} cannot be read: it was changed, or cut off"
    assert told == f"audit_log {rows}: {problem}\n"
    assert (verdict["rows"], verdict["holds"]) == (str(rows), False)
    assert verdict["problems"] == [{"chain": "audit_log", "number": rows, "problem": problem}]
