"""What a help text shows may be typed as it stands."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.integration.cli.scripts import ROOT
from tests.integration.cli.shell import Shell

_JOB = re.compile(r"tally (?:jobs enqueue|schedules add \w+) (\w+ '\{[^\n]*?\}')")
EXAMPLES = _JOB.findall((ROOT / "docs/cli.md").read_text(encoding="utf-8"))


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 3


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_job_of_an_example_would_be_accepted(shell: Shell, example: str) -> None:
    assert shell.json("jobs", "preview", *shlex.split(example))["is_valid"]
