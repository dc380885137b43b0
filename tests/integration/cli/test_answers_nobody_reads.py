"""What a command did is told even where its answer cannot be written."""

from __future__ import annotations

from pathlib import Path

from backend.bootstrap.current import platform
from tests.integration.api.work import Work
from tests.integration.cli.dead_jobs import dead_jobs
from tests.integration.cli.shell import Shell
from tests.unit.cli.typed import typed

_FULL = "tally: standard output could not be written: No space left on device"


def test_a_key_whose_token_nobody_saw_is_named(shell: Shell) -> None:
    ended = typed("keys", "create", "lost", "--role", "viewer", redirection="> /dev/full")

    [key] = [key for key in shell.json("keys", "list") if key["name"] == "lost"]
    made = f"the key {key['id']} was made; nobody has its token, so revoke it with"
    assert ended.returncode == 3
    assert ended.stderr.splitlines()[-1] == (
        f"{_FULL}; all the same {made} tally keys revoke {key['id']} [answer_lost]"
    )


def test_a_job_that_was_enqueued_is_named(shell: Shell) -> None:
    words = ("jobs", "enqueue", "greet", '{"name": "A"}')

    ended = typed(*words, redirection=">&-")

    [job] = shell.json("jobs", "list", "--source", "live")["jobs"]
    assert ended.returncode == 3
    assert ended.stderr == (
        "tally: standard output could not be written: it is closed; all the same "
        f"jobs.enqueue of type:greet is done: {job['id']} [answer_lost]\n"
    )


def test_a_list_that_cannot_be_written_did_nothing(shell: Shell) -> None:
    ended = typed("jobs", "list", redirection="> /dev/full")

    assert (ended.returncode, ended.stderr) == (3, f"{_FULL} [answer_lost]\n")


def test_an_export_that_cannot_be_written_has_the_same_status(shell: Shell) -> None:
    shell.run("queues", "pause", "low")

    told = shell.run("audit", "export", "/dev/full", status=3).talk

    assert "/dev/full could not be written: No space left on device" in told


def test_an_export_goes_to_a_file_or_to_standard_output(shell: Shell, tmp_path: Path) -> None:
    [job_id] = dead_jobs("fail")
    Work(platform()).record()
    file = tmp_path / "jobs.jsonl"

    shell.run("history", "export", str(file), "--state", "failed")

    assert job_id in file.read_text()
    assert shell.run("history", "export", "--state", "failed").text == file.read_text()
