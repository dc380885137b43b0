"""Where processes serve /metrics, as files in which Prometheus finds them (``file_sd_configs``)."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from backend.telemetry.logs.logger import Logger

log = Logger("tally.metrics")

_WILDCARDS = {"", "0.0.0.0", "::"}  # noqa: S104 - to know them, not to listen there


@contextmanager
def announced(folder: Path | None, process: str, host: str, port: int) -> Iterator[None]:
    """Notes an address for as long as the block lasts; a folder that refuses is told and stops no work.

    Who is killed leaves the file behind: its successor writes it anew, and until then the target is down.
    """
    if folder is None:
        yield
        return
    file = folder / f"{process}-{port}.json"
    try:
        _write(file, process, f"{_reachable(host)}:{port}")
    except OSError as error:
        log.warning("metrics.not_announced", file=str(file), error=str(error))
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink()


def _write(file: Path, process: str, target: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    groups = [{"targets": [target], "labels": {"process": process}}]
    # Whole or not at all: Prometheus reads it whenever it changes.
    partial = file.with_suffix(".part")
    partial.write_text(json.dumps(groups) + "\n", encoding="utf-8")
    partial.replace(file)


def _reachable(host: str) -> str:
    if host in _WILDCARDS:
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
