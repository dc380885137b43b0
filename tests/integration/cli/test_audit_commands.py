"""Actions whose outcome never came are told."""

from __future__ import annotations

from backend.cli.input.identity import who
from backend.cli.input.parts import audit_service
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
