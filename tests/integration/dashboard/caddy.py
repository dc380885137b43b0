"""A real Caddy in front of a web process, with the file that is shipped as an example."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Self

from tests.eventually import eventually
from tests.free_port import free_port
from tests.integration.dashboard.nginx import EXAMPLES, is_listened_at

PROGRAM = shutil.which("caddy")

_AROUND = "{{\n\tadmin off\n\tauto_https off\n\tstorage file_system {folder}\n}}\n{inside}"


class Caddy:
    """Started as a context; `port` is where it listens."""

    def __init__(self, folder: Path, inside: str) -> None:
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "Caddyfile"
        text = inside.replace("LISTEN", f"http://127.0.0.1:{self.port}")
        self._file.write_text(_AROUND.format(folder=folder, inside=text))

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [str(PROGRAM), "run", "--config", str(self._file), "--adapter", "caddyfile"],
            env={"HOME": str(self._file.parent)},
            stderr=subprocess.DEVNULL,
        )
        eventually(lambda: is_listened_at(self.port))
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(120)


def at_a_host(upstream: int) -> str:
    """The first site of the shipped example, without a name that has certificates."""
    return _site("tally.example.org", upstream)


def below_a_path(upstream: int) -> str:
    """The second site of the shipped example."""
    return _site("intra.example.org", upstream)


def _site(name: str, upstream: int) -> str:
    text = (EXAMPLES / "Caddyfile").read_text()
    found = re.search(rf"^{re.escape(name)}( \{{.*?^\}})", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return "LISTEN" + found[1].replace(":8000", f":{upstream}")
