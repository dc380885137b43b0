"""The dead-letter queue from a shell."""

from __future__ import annotations

import json

import pytest

from backend.bootstrap.current import platform
from backend.cli.commands import dlq
from tests.integration.api.work import Work
from tests.integration.cli.dead_jobs import dead_jobs, work_off
from tests.integration.cli.shell import Shell
from tests.integration.runtime.cluster import Cluster
from tests.unit.cli.typed import typed

#: Nothing listens there.
NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
def dead(shell: Shell) -> list[str]:
    """Two dead jobs of one kind, one of another."""
    return dead_jobs("fail", "fail", "unencodable")


def test_dead_jobs_are_listed_and_grouped_by_error(shell: Shell, dead: list[str]) -> None:
    listed = shell.json("dlq", "list")
    groups = shell.json("dlq", "groups")

    assert {job["id"] for job in listed} == set(dead)
    assert (groups[0]["job_type"], groups[0]["error"], groups[0]["jobs"]) == (
        "fail",
        "ValueError",
        2,
    )
    assert "as told" in shell.run("dlq", "list").text


def test_a_script_finds_the_same_in_the_same_places_while_redis_is_away(
    shell: Shell, dead: list[str]
) -> None:
    Work(platform()).record()

    live = {job["id"]: job for job in shell.json("dlq", "list")}
    told = json.loads(typed("dlq", "list", "--json", REDIS_URL=NOBODY).stdout)
    away = {job["id"]: job for job in told if job["id"] in dead}

    assert live.keys() == away.keys() == set(dead)
    for job_id, job in live.items():
        of_record = away[job_id]
        assert job.keys() <= of_record.keys()
        assert job["error"].keys() == of_record["error"].keys()
        for name in ("reason", "error", "message"):
            assert job["error"][name] == of_record["error"][name]
        assert (job["source"], of_record["source"]) == ("live", "history")


def test_how_many_more_there_are_is_told_of_all_and_not_of_those_that_match(
    shell: Shell, dead: list[str]
) -> None:
    assert shell.run("dlq", "list", "--limit", "2").talk == "2 of 3 shown; --limit shows more\n"
    assert shell.run("dlq", "list", "--type", "fail").talk == ""
    some = shell.run("dlq", "list", "--type", "fail", "--limit", "1").talk
    assert some == "1 shown, and more match; --limit shows them\n"
    assert shell.run("dlq", "list", "--limit", "3").talk == ""


def test_a_filter_chooses_and_nothing_is_done_by_accident(shell: Shell, dead: list[str]) -> None:
    assert shell.run("dlq", "redrive", status=2).talk
    assert "add --yes" in shell.run("dlq", "redrive", "--type", "fail", status=2).talk

    done = shell.json("dlq", "redrive", "--type", "fail", "--yes")["done"]

    assert set(done) == set(dead[:2])


def test_a_dead_job_is_discarded_or_resolved_by_hand(
    shell: Shell, cluster: Cluster, dead: list[str]
) -> None:
    shell.run("dlq", "discard", dead[0], "--yes", "--reason", "obsolete")
    shell.run("dlq", "resolve", dead[1], "--reason", "done by phone")

    assert [job["id"] for job in shell.json("dlq", "list")] == [dead[2]]
    assert cluster.job(dead[1]).state == "finished"
    assert cluster.difference() == 0


def test_all_are_discarded_on_purpose_only(shell: Shell, dead: list[str]) -> None:
    done = shell.json("dlq", "discard", "--all", "--yes")["done"]

    assert set(done) == set(dead)
    assert shell.run("dlq", "list").text == "no job is dead\n"


def test_what_excludes_each_other_is_named(shell: Shell) -> None:
    both = shell.run("dlq", "redrive", "--all", "--queue", "low", "--yes", status=2).talk
    assert "--all and a filter exclude each other" in both

    ids = shell.run("dlq", "discard", "--all", "1", "--yes", status=2).talk
    assert "Job ids and --all exclude each other" in ids


def test_a_queue_that_does_not_exist_is_no_empty_one(shell: Shell) -> None:
    for command in (("redrive", "--yes"), ("discard", "--yes"), ("list",), ("groups",)):
        talk = shell.run("dlq", *command, "--queue", "nrmal", status=2).talk
        assert "there is no queue 'nrmal', did you mean 'normal'?" in talk


def test_a_queue_may_be_named_with_the_default_lane(shell: Shell, dead: list[str]) -> None:
    done = shell.json("dlq", "redrive", "--queue", "normal:default", "--yes")["done"]

    assert set(done) == set(dead)


@pytest.mark.parametrize("verb", ["redrive", "discard"])
def test_what_died_while_the_question_was_read_is_left_alone(
    shell: Shell, dead: list[str], monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    late: list[str] = []
    monkeypatch.setattr(dlq, "confirm", lambda *_, **__: late.extend(dead_jobs("fail")))

    done = shell.json("dlq", verb, "--all", "--yes")["done"]

    assert sorted(done) == sorted(dead)
    assert [job["id"] for job in shell.json("dlq", "list")] == late


def test_a_dead_job_whose_twin_waits_is_sent_home_anyway_only(shell: Shell) -> None:
    service = platform().queue_service
    dead = service.enqueue_job("fail", {}, max_retries=0, unique="ended")
    work_off()
    shell.json("jobs", "enqueue", "fail", "--unique", "ended")

    assert "which is the same" in shell.run("dlq", "redrive", dead, status=1).talk

    assert "queued again" in shell.run("dlq", "redrive", dead, "--anyway").text


def test_those_that_a_filter_takes_and_their_twins_keep_out_are_told(shell: Shell) -> None:
    service = platform().queue_service
    dead = []
    for _ in range(2):
        dead.append(service.enqueue_job("fail", {}, max_retries=0, unique="ended"))
        work_off()

    told = shell.run("dlq", "redrive", "--type", "fail", "--yes")
    again = shell.json("dlq", "redrive", "--type", "fail", "--yes")

    [kept_out] = [job["id"] for job in shell.json("dlq", "list")]
    assert told.text == "1 of 2 queued again\n"
    assert told.talk.startswith(f"left out: {kept_out}; a job that is the same holds its key")
    assert again == {"done": [], "left_out": [kept_out]}
    assert shell.json("dlq", "discard", "--all", "--yes") == {"done": [kept_out], "left_out": []}
