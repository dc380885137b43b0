"""Jobs of RQ in our queues, from a shell."""

from __future__ import annotations

import pytest
from redis import Redis
from rq import Queue

from backend.bootstrap.current import platform
from backend.cli.input.identity import who
from tests.integration.cli.dead_jobs import work_off
from tests.integration.cli.shell import Shell


@pytest.fixture
def foreign(shell: Shell) -> str:
    """The id of one that was set apart between two jobs of ours."""
    shell.run("jobs", "enqueue", "greet", '{"name": "A"}')
    job = Queue("normal", connection=platform().redis).enqueue(
        print, "hello", description="hello()"
    )
    shell.run("jobs", "enqueue", "greet", '{"name": "B"}')
    work_off()
    return str(job.id)


def test_they_are_listed(shell: Shell, foreign: str) -> None:
    [found] = shell.json("queues", "foreign")

    assert (found["id"], found["queue"], found["call"]) == (foreign, "normal", "hello()")
    assert "hello()" in shell.run("queues", "foreign").text
    assert shell.run("queues", "foreign", "--limit", "1").talk == ""


def test_doctor_tells_of_them(shell: Shell, foreign: str) -> None:
    told = {finding["code"]: finding["text"] for finding in shell.json("doctor")}

    assert told["foreign_jobs"] == (
        "1 job(s) in our queues are not ours and were set apart, the first is 'hello()' in normal"
    )


def test_they_are_given_back_in_the_audit_log(shell: Shell, foreign: str) -> None:
    given = shell.json("queues", "give-back", "--all", "--to", "default", "--reason", "of the shop")

    redis: Redis = platform().redis
    assert given == {"given_back": [foreign]}
    assert redis.lrange("rq:queue:default", 0, -1) == [foreign.encode()]
    assert shell.json("queues", "foreign") == []
    row = shell.json("audit", "list", "--action", "queues.give_back")[0]
    assert (row["actor"], row["reason"]) == (who().name, "of the shop")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--all", "--to", "low:export"), "is a queue of Tally's own"),
        (("--to", "default"), "Name jobs, or say --all"),
    ],
)
def test_a_wrong_wish_is_refused(
    shell: Shell, foreign: str, words: tuple[str, ...], said: str
) -> None:
    assert said in shell.run("queues", "give-back", *words, status=2).talk
    assert len(shell.json("queues", "foreign")) == 1


def test_what_was_named_and_is_not_there_is_status_1(shell: Shell, foreign: str) -> None:
    words = ("queues", "give-back", foreign, "nobody", "--to", "default")

    assert shell.run(*words, status=1).text == "1 of 2 now wait in default\n"
