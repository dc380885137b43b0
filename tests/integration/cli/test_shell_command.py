"""`tally shell`, and what a shell completes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from backend.cli.input.identity import who
from backend.cli.main import tally
from backend.domain.access.actor import Channel
from backend.services.calling.caller import actor_of
from tests.integration.cli.shell import Shell


def test_a_prompt_has_the_deployment_at_hand(shell: Shell) -> None:
    typed = (
        'job_id = queue.enqueue_job("greet", {"name": "Ada"})\n'
        "print(queue.get_job(job_id).state.value, sorted(types)[0] in types, settings.redis.prefix)\n"
        "print(type(history).__name__, type(search).__name__, type(schedules).__name__)\n"
    )

    answer = shell.run("shell", "--plain", typed=typed)

    assert "queued True rq" in answer.text
    assert "HistoryService SearchService SchedulerService" in answer.text


def test_what_is_typed_is_done_by_whoever_types_it(shell: Shell) -> None:
    typed = (
        'job_id = queue.enqueue_job("greet", {"name": "Ada"})\n'
        'queue.cancel_job(job_id, reason="a slip")\n'
        'queue.pause(lane="default", by="deploy-bot")\n'
    )

    answer = shell.run("shell", "--plain", typed=typed)

    rows = {row["action"]: row for row in shell.json("audit", "list", "--limit", "6")}
    told = {name: (row["actor"], row["actor_kind"], row["channel"]) for name, row in rows.items()}
    assert told["jobs.cancel"] == (who().name, "person", "cli")
    assert told["queues.pause_lane"] == ("deploy-bot", "person", "python")
    assert "is in the audit log, as yours" in answer.text + answer.talk
    assert actor_of(None).channel is Channel.PYTHON


def test_one_command_is_run_and_an_error_of_ours_is_one_line(shell: Shell) -> None:
    assert shell.run("shell", "-c", 'print(types["greet"].lane)').text == "default\n"
    refused = shell.run("shell", "-c", 'queue.enqueue_job("gret")', status=2)
    assert refused.talk.startswith("tally: there is no job type 'gret', did you mean 'greet'?")


def _completed(words: str) -> list[str]:
    """What bash offers for the last of some words."""
    typed = words.split(" ")
    environment = {
        "_TALLY_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(typed) - 1),
    }
    ended = CliRunner().invoke(tally, [], prog_name="tally", env=environment)
    return [line.partition(",")[2] for line in ended.stdout.splitlines()]


def test_queues_lanes_and_job_types_are_completed(shell: Shell) -> None:
    assert _completed("tally queues show low:e") == ["low:email", "low:export"]
    assert _completed("tally queues pause lane:ex") == ["lane:export"]
    assert _completed("tally queues pause type:send_e") == ["type:send_email"]
    assert _completed("tally worker rep") == ["report"]
    assert _completed("tally jobs enqueue gree") == ["greet"]
    assert _completed("tally jobs list --queue high:web") == ["high:webhook"]


_ASK = """
COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
_tally_completion "$2" && printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("tally queues show low:e", ["email", "export"]),
        ("tally queues pause lane:em", ["email"]),
        ("tally queues pause type:gree", ["greet"]),
        ("tally jobs list --queue high:web", ["webhook"]),
        ("tally jobs list --queue=high:web", ["webhook"]),
        ("""tally jobs enqueue greet '{"name": "Ada"}' --priority """, ["high", "normal", "low"]),
        ("tally queues resu", ["resume"]),
    ],
)
def test_bash_gets_what_it_puts_behind_the_last_colon(
    shell: Shell, line: str, rest: list[str]
) -> None:
    script = shell.run("completion", "bash").text
    program = str(Path(sys.executable).with_name("tally"))

    answer = subprocess.run(
        [shutil.which("bash") or "bash", "--norc", "-c", script + _ASK, "bash", line, program],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (answer.stdout.splitlines(), answer.returncode) == (rest, 0)
