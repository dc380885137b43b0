"""A `tally dev` in a project of its own, and what it says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from tests.eventually import eventually
from tests.free_port import free_port

ROOT = Path(__file__).parents[3]
_OF_OTHERS = ("TALLY_", "REDIS_", "DATABASE_", "JOB_")
_JOBS = """
import time
from tally import task

@task("answer")
def answer() -> str:
    return {answer!r}

@task("linger", timeout=3600)
def linger(file: str) -> None:
    open(file, "w").close()
    time.sleep(3600)
"""


class Project:
    """A folder with settings and job types, and processes that are started in it."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        kept = {name: text for name, text in os.environ.items() if not name.startswith(_OF_OTHERS)}
        self.environment = {**kept, "PYTHONPATH": str(ROOT), **variables}
        (folder / "tally.toml").write_text('job_packages = ["answers"]\n')
        self.write("first")

    def write(self, answer: str) -> None:
        """The code of the job types, which says what its job answers."""
        self.put(_JOBS.format(answer=answer))

    def put(self, code: str) -> None:
        """Any code, as an editor saves it: the file is replaced by a new one."""
        new = self.folder / ".answers.new"
        new.write_text(code)
        new.replace(self.folder / "answers.py")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command that ends."""
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def answer(self) -> str:
        """What a job says that a program in this folder enqueues."""
        asked = self.run(
            "-c", "from answers import answer; print(answer.delay().result(timeout=60))"
        )
        return asked.stdout.strip() or asked.stderr


class Running:
    """A process of a project that runs on."""

    def __init__(self, project: Project, *command: str) -> None:
        self._said = project.folder / f"said-{len(list(project.folder.glob('said-*')))}"
        with self._said.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "backend.cli.main", *command],
                cwd=project.folder,
                env=project.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def said(self) -> str:
        """All of its output."""
        return self._said.read_text(errors="replace")

    def says(self, text: str, times: int = 1) -> None:
        """Waits for it."""
        eventually(lambda: self.said().count(text) >= times, timeout=30, show=self.said)

    def below(self) -> list[psutil.Process]:
        """All that it started, and what these did."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, command: str) -> psutil.Process:
        """The one that runs a command of `tally`."""
        children = psutil.Process(self.process.pid).children()
        return next(each for each in children if each.cmdline()[-1] == command)

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """However it takes it."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(120)


def dev(project: Project, *options: str) -> tuple[Running, int]:
    """A `tally dev`, up, and its port."""
    port = free_port()
    running = Running(project, "dev", f"--port={port}", *options)
    running.says("Ctrl-C stops everything")
    return running, port
