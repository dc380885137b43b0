"""Maintenance windows at a shell."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from backend.bootstrap.current import platform
from backend.cli.input.identity import who
from tests.integration.cli.shell import Shell


def test_a_freeze_is_said_shown_and_lifted_with_a_name(shell: Shell) -> None:
    said = shell.run("freezes", "add", "move", "queue:low", "--until", "2h", "--reason", "disk")
    [found] = shell.json("freezes", "list")["freezes"]

    assert "the queue low is frozen" in said.talk + said.text
    assert found["kept"]["by"] == who().name
    assert (found["holds"], found["is_planned"]) == (True, True)
    assert "now" in shell.run("freezes", "list").text
    assert [window.what for window in platform().inspection.frozen()] == ["queue:low"]
    lifted = shell.run("freezes", "lift", "move")
    assert "lifted" in lifted.talk + lifted.text
    assert shell.json("freezes", "list") == {"freezes": []}


@pytest.mark.parametrize(
    ("name", "advice"),
    [("moev", ", did you mean 'move'?"), ("x", "; the list of freezes names them")],
)
def test_one_that_is_not_there_is_not_lifted(shell: Shell, name: str, advice: str) -> None:
    shell.run("freezes", "add", "move", "queue:low", "--until", "2h")

    refused = shell.run("freezes", "lift", name, status=2)

    assert refused.talk == f"tally: there is no freeze {name!r}{advice} [freeze_not_found]\n"
    assert shell.json("freezes", "list")["freezes"][0]["kept"]["freeze"]["name"] == "move"
    row = shell.json("audit", "list", "--action", "freezes.lift")[0]
    assert (row["object"], row["outcome"]) == (f"freeze:{name}", "refused")


def test_that_there_is_none_is_said(shell: Shell) -> None:
    assert shell.run("freezes", "list").text == "there are no freezes\n"


def test_a_length_is_told_in_the_units_of_people(shell: Shell) -> None:
    words = ("--cron", "0 22 L * *", "--for", "6h")

    said = shell.run("freezes", "add", "ledger-close", "lane:default", *words).text

    assert said == "ledger-close: the lane default is frozen 0 22 L * * (UTC) for 6 h\n"


def test_its_end_may_be_said_as_a_length(shell: Shell) -> None:
    shell.run("freezes", "add", "soon", "queue:low", "--from", "1h", "--for", "30m")

    [found] = shell.json("freezes", "list")["freezes"]

    begins, ends = (
        datetime.fromisoformat(found["kept"]["freeze"][name]) for name in ("starts_at", "ends_at")
    )
    assert ends - begins == timedelta(minutes=30)


@pytest.mark.parametrize("when", [(), ("--until", "2h", "--for", "2h")])
def test_its_end_is_said_once(shell: Shell, when: tuple[str, ...]) -> None:
    refused = shell.run("freezes", "add", "soon", "queue:low", *when, status=2)

    assert "say --until TIME or --for DURATION, one of both" in refused.talk
    assert shell.json("freezes", "list") == {"freezes": []}


def test_one_that_would_end_after_the_calendar_is_refused(shell: Shell) -> None:
    words = ("freezes", "add", "late", "queue:low", "--from", "9999-12-31T23:00", "--for", "2h")

    assert "after the last day of the calendar" in shell.run(*words, status=2).talk


def test_one_by_a_cron_line_says_when(shell: Shell) -> None:
    words = ("--cron", "0 22 L * *", "--for", "6h", "--zone", "Europe/Paris", "--ramp", "5m")
    shell.run("freezes", "add", "ledger-close", "lane:default", *words, "--ticks", "skip")

    [found] = shell.json("freezes", "list")["freezes"]

    freeze = found["kept"]["freeze"]
    assert (freeze["cron"], freeze["length_seconds"], freeze["ramp_seconds"]) == (
        "0 22 L * *",
        21600,
        300,
    )
    assert freeze["ticks"] == "skip"


def test_what_is_not_there_is_refused(shell: Shell) -> None:
    refused = shell.run("freezes", "add", "move", "type:nobody", "--until", "2h", status=2)

    assert "nobody" in refused.talk
