"""Looking at queues; pausing, resuming, limiting and emptying them."""

from __future__ import annotations

import json
import re

import pytest

from backend.bootstrap.current import platform
from backend.cli.input.identity import who
from tests.integration.api.work import Work
from tests.integration.cli.dead_jobs import work_off
from tests.integration.cli.shell import Shell
from tests.unit.cli.typed import typed

#: Nothing listens there.
NOBODY = "redis://127.0.0.1:1/0"


def _enqueue(shell: Shell, *options: str) -> str:
    return shell.run("jobs", "enqueue", "greet", '{"name": "A"}', *options).text.strip()


def test_every_queue_is_shown_with_its_books(shell: Shell) -> None:
    _enqueue(shell, "-p", "high")
    _enqueue(shell, "--delay", "1h")

    queues = {queue["name"]: queue for queue in shell.json("queues", "list")["queues"]}

    assert queues["high"]["counts"]["queued"] == 1
    assert queues["normal"]["counts"]["scheduled"] == 1
    assert all(queue["difference"] == 0 for queue in queues.values())
    assert "balance" in shell.run("queues", "list").text


def test_a_script_finds_the_same_in_the_same_places_while_redis_is_away(shell: Shell) -> None:
    _enqueue(shell)
    Work(platform()).record()

    live = shell.json("queues", "list")
    away = json.loads(typed("queues", "list", "--json", REDIS_URL=NOBODY).stdout)

    [of_record, of_redis] = [
        next(queue for queue in found["queues"] if queue["name"] == "normal")
        for found in (away, live)
    ]
    assert (live["source"], away["source"]) == ("live", "history")
    assert of_record.keys() - {"dead"} <= of_redis.keys()
    assert of_record["counts"].keys() == {"queued", "started", "scheduled"}
    assert of_record["counts"]["queued"] >= 1


def test_a_queue_is_paused_and_resumed_with_a_name(shell: Shell) -> None:
    shell.run("queues", "pause", "low", "--reason", "night")
    _enqueue(shell, "-p", "low")

    found = shell.json("queues", "list")
    [pause] = found["pauses"]
    assert found["paused"] == ["queue:low"]
    assert pause | {"since": ""} == {
        "what": "queue:low", "by": who().name, "reason": "night", "since": "", "parked": 0,
        "waiting": 1,
    }  # fmt: skip
    assert re.search(
        rf"the queue low has been paused by {re.escape(who().name)} for \d+ s \(night\); 1 job waits: "
        "tally queues resume low",
        shell.run("queues", "list").talk,
    )
    shell.run("queues", "resume", "low")

    assert shell.json("queues", "list")["paused"] == []
    row = shell.json("audit", "list", "--action", "queues.pause")[0]
    assert (row["object"], row["reason"], row["channel"]) == ("queue:low", "night", "cli")


def test_a_reason_from_a_terminal_that_is_not_utf8_is_no_reason_to_refuse(shell: Shell) -> None:
    latin = b"caf\xe9".decode("utf-8", "surrogateescape")

    shell.run("queues", "pause", "low", "--reason", latin)

    assert shell.json("queues", "list")["paused"] == ["queue:low"]
    shell.run("queues", "resume", "low", "--reason", latin)
    rows = shell.json("audit", "list", "--limit", "4")
    assert [(row["outcome"], row["reason"]) for row in rows] == [
        ("done", "caf?"),
        ("intended", "caf?"),
    ] * 2


def test_lanes_and_types_have_the_actions_that_they_have_over_http(shell: Shell) -> None:
    for what in ("lane:email", "type:greet"):
        shell.run("queues", "pause", what, "--reason", "night")
        shell.run("queues", "resume", what)

    rows = shell.json("audit", "list", "--limit", "8")[::-1]

    assert [(row["action"], row["object"], row["outcome"]) for row in rows] == [
        (f"{kind}.{verb}", what, outcome)
        for what, kind, pause, resume in (
            ("lane:email", "queues", "pause_lane", "resume_lane"),
            ("type:greet", "types", "pause", "resume"),
        )
        for verb in (pause, resume)
        for outcome in ("intended", "done")
    ]


def test_an_unknown_lane_is_refused(shell: Shell) -> None:
    assert "no lane" in shell.run("queues", "pause", "lane:emial", status=2).talk


def test_a_mistyped_queue_is_not_said_to_be_paused(shell: Shell) -> None:
    for command in ("pause", "resume"):
        said = shell.run("queues", command, "high:emial", status=2).talk
        assert "there is no queue 'high:emial', did you mean 'high:email'?" in said


def test_purging_asks_and_cancels_what_waits(shell: Shell) -> None:
    waiting, delayed = _enqueue(shell), _enqueue(shell, "--delay", "1h")

    assert "add --yes" in shell.run("queues", "purge", "normal", status=2).talk
    assert shell.json("queues", "purge", "normal", "--yes") == {"normal": 1}

    states = {job_id: shell.json("jobs", "show", job_id)["job"]["state"] for job_id in (delayed,)}
    assert states == {delayed: "scheduled"}
    assert shell.json("jobs", "show", waiting)["job"]["state"] == "canceled"


def test_purging_takes_scheduled_jobs_only_when_told(shell: Shell) -> None:
    delayed = _enqueue(shell, "--delay", "1h")

    purged = shell.json("queues", "purge", "--all", "--scheduled", "--yes")

    assert purged == {"normal": 0, "scheduled": 1}
    assert shell.json("jobs", "show", delayed)["job"]["state"] == "canceled"


def test_what_waits_is_listed_next_first(shell: Shell) -> None:
    first, second = _enqueue(shell), _enqueue(shell)

    assert [job["id"] for job in shell.json("queues", "show", "normal")] == [first, second]


def test_a_rate_is_set_for_a_type(shell: Shell) -> None:
    assert shell.run("queues", "rate", "greet", "100/60").text == "greet: 100 in 60 s\n"
    assert shell.run("queues", "rate", "greet", "5/0.5/2").text == "greet: 5 in 0.5 s\n"
    assert shell.run("queues", "rate", "greet", "default").text == "greet: no rate\n"
    assert shell.run("queues", "rate", "greet", "none").text == "greet: no rate\n"


def test_a_rate_is_set_for_a_key(shell: Shell) -> None:
    assert shell.run("queues", "rate-key", "crm:a", "100/60").text == "crm:a: 100 in 60 s\n"
    assert shell.run("queues", "rate-key", "crm:a", "none").text == "crm:a: no rate\n"
    assert shell.run("queues", "rate-key", "crm:a", "default").text == "crm:a: as its jobs say\n"
    refused = shell.run("queues", "rate-key", "crm", "100/60", status=2).talk
    assert "jobs with a rate by key have keys like call_crm:acme, not 'crm'" in refused


@pytest.mark.parametrize("rate", ["many", "5", "0/1", "5/1/9", "1/2/3/4"])
def test_what_is_no_rate_is_refused(shell: Shell, rate: str) -> None:
    assert "RATE" in shell.run("queues", "rate", "greet", rate, status=2).talk


def test_a_limit_is_set_for_a_type(shell: Shell) -> None:
    assert shell.run("queues", "limit", "greet", "2").text == "greet: 2\n"
    assert shell.run("queues", "limit", "greet", "0").text == "greet: no limit\n"


def test_a_queue_that_does_not_exist_is_refused_with_the_nearest_name(shell: Shell) -> None:
    for command in (("show", "nrmal"), ("purge", "--yes", "nrmal")):
        talk = shell.run("queues", *command, status=2).talk
        assert "there is no queue 'nrmal', did you mean 'normal'? [unknown_priority]" in talk
    assert "no queue 'high:nonsense'" in shell.run("queues", "show", "high:nonsense", status=2).talk
    assert shell.run("queues", "show", "low:default").text == "nothing waits in low\n"


def test_jobs_behind_a_pause_of_their_type_are_listed_after_those_in_line(shell: Shell) -> None:
    shell.run("queues", "pause", "type:greet")
    aside = [_enqueue(shell), _enqueue(shell)]
    work_off()
    in_line = shell.run("jobs", "enqueue", "fail").text.strip()

    shown = shell.run("queues", "show", "normal")

    places = [line.split()[:2] for line in shown.text.splitlines()[1:]]
    assert places == [["1", in_line], ["aside", aside[0]], ["aside", aside[1]]]
    assert shown.talk == (
        "2 of them stepped aside for a limit or a pause: tally jobs why tells for which\n"
    )
    assert shell.json("queues", "show", "normal", "-n", "2") == [
        {"id": in_line, "job_type": "fail", "parked": False},
        {"id": aside[0], "job_type": "greet", "parked": True},
    ]
    asked = shell.run("queues", "purge", "normal", typed="n\n", status=2).talk
    assert "Cancel the 3 job(s)" in asked
    assert shell.json("queues", "purge", "normal", "--yes") == {"normal": 3}
    # The audit log outlives this test, and other tests are told what it says of pauses.
    shell.run("queues", "resume", "type:greet")


def test_every_gate_is_shown_with_who_waits_behind_it(shell: Shell) -> None:
    assert "no gate is set" in shell.run("queues", "gates").text
    shell.run("queues", "limit", "greet", "3")

    [gate] = shell.json("queues", "gates")["gates"]

    assert (gate["gate"], gate["words"], gate["waiting"]) == ("type:greet", "greet: 3 at once", 0)
    assert "greet: 3 at once" in shell.run("queues", "gates").text
