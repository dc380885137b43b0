"""Breakers at a shell: which hold jobs back, and opening and closing them by hand."""

from __future__ import annotations

from backend.cli.input.identity import who
from tests.integration.cli.shell import Shell

DESTINATION = "webhook:hooks.example.com:443"


def test_nothing_is_held_back_and_that_is_said(shell: Shell) -> None:
    assert "no breaker holds jobs back" in shell.run("breakers", "list").text
    assert "closed, its jobs run" in shell.run("breakers", "show", DESTINATION).text


def test_nothing_but_the_answer_goes_to_standard_output(shell: Shell) -> None:
    opened = shell.run("breakers", "open", DESTINATION)
    closed = shell.run("breakers", "close", DESTINATION)

    assert opened.text == f"{DESTINATION} is open\n"
    assert closed.text == f"{DESTINATION} lets its jobs come back\n"


def test_what_cannot_be_a_destination_is_wrong_usage(shell: Shell) -> None:
    assert shell.run("breakers", "open", "", status=2).talk.startswith("tally: ")


def test_a_breaker_is_opened_shown_and_closed_with_a_name(shell: Shell) -> None:
    shell.run("breakers", "open", DESTINATION, "--reason", "they move house")
    job_id = shell.run(
        "jobs", "enqueue", "send_webhook", '{"url": "https://hooks.example.com/in"}'
    ).text.strip()

    [found] = shell.json("breakers", "list")
    assert (found["destination"], found["status"]) == (DESTINATION, "open")
    assert (found["by"], found["reason"]) == (who().name, "they move house")
    assert DESTINATION in shell.run("breakers", "list").text
    shown = shell.run("breakers", "show", DESTINATION).text
    assert f"was opened by {who().name}" in shown
    assert shell.json("breakers", "show", DESTINATION)["probe_at"] is None
    assert f"tally breakers close {DESTINATION}" in shell.run("jobs", "why", job_id).text
    again = shell.run("breakers", "open", DESTINATION)
    assert "was open already" in again.text

    shell.run("breakers", "close", DESTINATION, "--reason", "they are back")

    assert "was closed already" in shell.run("breakers", "close", DESTINATION).text
    row = shell.json("audit", "list", "--action", "breakers.close")[-1]
    assert (row["object"], row["channel"]) == (f"breaker:{DESTINATION}", "cli")
