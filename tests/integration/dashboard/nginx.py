"""A real nginx in front of a web process, with the files that are shipped as examples."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path
from typing import Self

from tests.eventually import eventually
from tests.free_port import free_port

PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
EXAMPLES = Path(__file__).parents[3] / "deploy" / "proxies"

_AROUND = """
pid {folder}/nginx.pid;
error_log {folder}/error.log;
daemon off;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {inside}
}}
"""


class Nginx:
    """Started as a context; `port` is where it listens."""

    def __init__(self, folder: Path, inside: str) -> None:
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "nginx.conf"
        text = inside.replace("LISTEN", f"127.0.0.1:{self.port}")
        self._file.write_text(_AROUND.format(folder=folder, inside=text))

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([str(PROGRAM), "-c", str(self._file)])
        eventually(lambda: is_listened_at(self.port))
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(120)


def is_listened_at(port: int) -> bool:
    """Whether somebody listens at a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def below_a_path(upstream: int) -> str:
    """The shipped example of a path, in a server of its own."""
    lines = (EXAMPLES / "nginx-sub-path.conf").read_text().replace(":8000/", f":{upstream}/")
    return f"server {{ listen LISTEN; {_uncommented(lines)} }}"


def at_a_host(upstream: int) -> str:
    """The shipped example of a host, without its certificates."""
    lines = (EXAMPLES / "nginx.conf").read_text().replace(":8000;", f":{upstream};")
    kept = [line for line in _uncommented(lines).splitlines() if "ssl_" not in line]
    return "\n".join(kept).replace("listen 443 ssl;", "listen LISTEN;")


def as_installed(upstream: int, more: str = "") -> str:
    """What people write first: nothing but where to."""
    return f"server {{ listen LISTEN; location / {{ proxy_pass http://127.0.0.1:{upstream}; {more} }} }}"


def _uncommented(lines: str) -> str:
    return "\n".join(line for line in lines.splitlines() if not line.lstrip().startswith("#"))
