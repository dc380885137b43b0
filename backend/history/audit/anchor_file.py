"""Heads of the chains kept in a file, out of reach of who owns the database."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from backend.domain.audit.audit_chain import ChainHead


class AnchorFile:
    """The `AnchorKeeper` as a file of JSON lines that only grows.

    It proves something only where the database's owner cannot write it: another account's folder, or
    one that is shipped away.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, chain: str, head: ChainHead) -> None:
        """Remembers how far a chain has come; raises OSError where it cannot."""
        line = {
            "chain": chain,
            "number": head.number,
            "hash": head.hash.hex(),
            "at": datetime.now(UTC).isoformat(),
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a+b") as file:
            file.write(_missing_end(file) + json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def kept(self, chain: str) -> ChainHead | None:
        """The last head of a chain that was kept; None when none was."""
        last = None
        if self._path.exists():
            with self._path.open(encoding="utf-8") as file:
                for line in file:
                    last = _head_in(line, chain) or last
        return last


def _missing_end(file: BinaryIO) -> bytes:
    """What must come before a new line: a full disk cuts one short, and none may be appended to it."""
    if file.seek(0, os.SEEK_END) == 0:
        return b""
    file.seek(-1, os.SEEK_END)
    return b"" if file.read(1) == b"\n" else b"\n"


def _head_in(line: str, chain: str) -> ChainHead | None:
    """None for a line of another chain, and for one that a crash cut short."""
    try:
        fields = json.loads(line)
        if fields["chain"] != chain:
            return None
        return ChainHead(int(fields["number"]), bytes.fromhex(fields["hash"]))
    except (ValueError, KeyError, TypeError):
        return None
