"""The README's first page, typed as it stands there: from `tally init` to the page of the first own job."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.eventually import eventually
from tests.free_port import free_port

ROOT = Path(__file__).parents[2]
_README = (ROOT / "README.md").read_text(encoding="utf-8")
_SECTION = _README.partition("## Your first job in three minutes")[2].partition("\n## ")[0]
_BASH = re.findall(r"```bash\n(.*?)```", _SECTION, re.DOTALL)
_PYTHON = re.findall(r"```python\n(.*?)```", _SECTION, re.DOTALL)
_OF_OTHERS = ("TALLY_", "REDIS_", "DATABASE_", "JOB_", "PYTEST_")


class Reader:
    """Somebody who types what the page says, on a port that is free here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        kept = {name: text for name, text in os.environ.items() if not name.startswith(_OF_OTHERS)}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**kept, "PATH": path, "TALLY_API__PORT": str(self.port)}
        self.log = folder / "of dev"
        self.dev: subprocess.Popen[bytes] | None = None

    def type(self, line: str) -> str:
        """One line of a shell; what it said."""
        words = shlex.split(line, comments=True)
        if words[0] == "cd":
            self.folder = self.folder / words[1]
            return ""
        if words == ["tally", "dev"]:
            return self._start(words)
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _start(self, words: list[str]) -> str:
        with self.log.open("wb") as output:
            self.dev = subprocess.Popen(
                words, cwd=self.folder, env=self.environment, stdout=output, stderr=output,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        eventually(
            lambda: "Ctrl-C stops" in self.log.read_text(), timeout=60, show=self.log.read_text
        )
        return self.log.read_text()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """One in an empty folder."""
    somebody = Reader(tmp_path)
    yield somebody
    if somebody.dev is not None:
        somebody.dev.send_signal(signal.SIGINT)
        somebody.dev.wait(120)


def test_the_first_job_runs_as_the_page_says(reader: Reader) -> None:
    for line in _BASH[1].splitlines():
        said = reader.type(line)
    token = said.partition("sign in    ")[2].split()[0]

    assert (reader.folder / "jobs.py").read_text() == _PYTHON[0]
    # A busy machine takes longer to start a worker than readers have to wait.
    patient = _PYTHON[1].replace("timeout=10", "timeout=120")
    assert patient != _PYTHON[1]
    printed = reader.type(f"python -c {shlex.quote(patient)}").splitlines()

    assert printed[0] == "Hello, Ada!"
    page = printed[1].replace("8000", str(reader.port))
    job_id = page.rpartition("/")[2]
    signed_in = {"Authorization": f"Bearer {token}"}
    job = urllib3.request(
        "GET", f"http://127.0.0.1:{reader.port}/api/jobs/{job_id}", headers=signed_in
    )
    assert job.json()["result"] == {"greeting": "Hello, Ada!"}
    # Who has not signed in is asked to, and comes to the page after that.
    asked = urllib3.request("GET", page, redirect=False)
    assert asked.headers["Location"].endswith(f"?next=%2Fdashboard%2Fjobs%2Fjob%2F{job_id}")


def test_what_it_tells_to_install_is_offered() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]

    assert _BASH[0] == "pip install 'tally-queue[dev]' pytest\n"
    assert {*extras["embedded"]} < {*extras["dev"]}
    assert any(wanted.startswith("watchfiles") for wanted in extras["dev"])
