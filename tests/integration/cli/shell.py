"""The `tally` command as a person at a shell uses it, run in this very process."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from click.testing import CliRunner

from backend.cli.main import tally


class Answer(NamedTuple):
    """What a command wrote, and how it ended."""

    text: str
    talk: str
    status: int

    @property
    def json(self) -> Any:
        """What it wrote, for programs."""
        return json.loads(self.text)


class Shell:
    """Runs commands and insists on how they end."""

    def run(self, *words: str, status: int = 0, typed: str | None = None) -> Answer:
        """A command that ends with ``status``; ``typed`` is its standard input."""
        ended = CliRunner().invoke(tally, list(words), input=typed)
        answer = Answer(ended.stdout, ended.stderr, ended.exit_code)
        if answer.status != status:
            raise AssertionError(f"tally {' '.join(words)}: {answer}") from ended.exception
        return answer

    def json(self, *words: str, status: int = 0) -> Any:
        """What a command answers with --json."""
        return self.run(*words, "--json", status=status).json
