"""An application under examples/, copied and with its own environment, as somebody has it who took it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

from tests.contract.wheels.installing import ROOT
from tests.eventually import eventually
from tests.free_port import free_port

_BLOCKS = re.compile(r"^```bash\n(.*?)\n```$", re.DOTALL | re.MULTILINE)
_LEFT = shutil.ignore_patterns("__pycache__", ".*", "var")


class Application:
    """It in a folder, with the programs of an environment that has the wheel it asks for."""

    def __init__(self, name: str, folder: Path, programs: Path) -> None:
        self.folder = folder / name
        shutil.copytree(ROOT / "examples" / name, self.folder, ignore=_LEFT)
        self._python = str(programs / "python")
        # What is known of the libraries' types serves the next application too.
        types = str(folder.parent / "types")
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "MYPY_CACHE_DIR": types,
        }
        self._processes: list[subprocess.Popen[bytes]] = []

    def commands(self) -> list[str]:
        """What its page says to type, block by block."""
        return _BLOCKS.findall((self.folder / "README.md").read_text(encoding="utf-8"))

    def run(self, *module: str) -> str:
        """What a module says that is run in its folder; fails with that when it fails."""
        command = [self._python, "-m", *module]
        ran = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout
        return ran.stdout

    def start(self, typed: str, *more: str) -> None:
        """Starts what is typed, by the environment's Python, with further arguments."""
        program, *arguments = shlex.split(typed)
        start = [str(Path(self._python).with_name("tally"))] if program == "tally" else []
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*(start or [self._python, "-m", program]), *arguments, *more],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)

    def start_both(self, port: int) -> None:
        """The two commands of its page: ``tally dev``, and when that is up the web process on a port."""
        _, develop, web, *_ = self.commands()
        self.start(develop, f"--port={free_port()}")
        eventually(lambda: "▸ dashboard" in self.log(), timeout=20, show=self.log)
        self.start(web.partition(" --port")[0], f"--port={port}")

    def log(self) -> str:
        """What its processes wrote."""
        return (self.folder / "log").read_text()

    def stop(self) -> None:
        """Ctrl-C in each shell, the last first."""
        for process in reversed(self._processes):
            process.send_signal(signal.SIGINT)
            process.wait()
