"""What a job or a receiver says reaches a terminal as text, never as a command to it."""

from __future__ import annotations

import re

import pytest

from backend.bootstrap.current import platform
from tests.integration.cli.dead_jobs import work_off
from tests.integration.cli.shell import Shell

_HOSTILE = "boom \x1b[2J\x1b]0;owned\x07 \x9b31m \u202egnp"
_SHOWN = r"boom \x1b[2J\x1b]0;owned\x07 \u009b31m \u202egnp"
_STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


@pytest.fixture
def job_id(shell: Shell) -> str:
    """A dead job whose error steers terminals."""
    made = platform().queue_service.enqueue_job("fail", {"message": _HOSTILE}, max_retries=0)
    work_off()
    return made


@pytest.mark.parametrize(
    "words",
    [
        ["jobs", "show"],
        ["jobs", "show", "--json"],
        ["jobs", "list", "--state", "failed"],
        ["dlq", "list"],
        ["dlq", "groups"],
        ["dlq", "list", "--json"],
    ],
    ids=" ".join,
)
def test_an_error_that_steers_a_terminal_is_written_out(
    shell: Shell, job_id: str, words: list[str]
) -> None:
    one = [*words[:2], job_id, *words[2:]] if words[1] == "show" else words

    text = shell.run(*one).text

    assert _STEERING.search(text) is None
    as_json = _SHOWN.replace(r"\x", r"\u00")
    assert (as_json if "--json" in words else _SHOWN) in text
