"""Heads of the chains kept in a file, out of reach of who owns the database."""

from __future__ import annotations

import heapq
import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

from backend.domain.audit.audit_chain import ChainHead


class _Place(NamedTuple):
    """How far a file was read, and which file that was."""

    device: int = 0
    inode: int = 0
    offset: int = 0


class AnchorFile:
    """The `AnchorKeeper` as a file of JSON lines that only grows.

    It proves something only where the database's owner cannot write it: another account's folder, or
    one that is shipped away.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = _Place()
        self._highest: dict[str, ChainHead] = {}

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

    def kept(self, chain: str) -> Iterator[ChainHead]:
        """Every head of a chain that is in the file now, the lowest first; raises OSError.

        Years of anchors are read line by line and not held. Only those are that stand below one before
        them, as releases that anchored whatever they found left them.
        """
        if not self._path.exists():
            return iter(())
        size, behind, highest = self._path.stat().st_size, list[ChainHead](), 0
        for head in self._heads(chain, size):
            if head.number <= highest:
                behind.append(head)
            highest = max(highest, head.number)
        return heapq.merge(_rising(self._heads(chain, size)), sorted(behind))

    def highest(self, chain: str) -> ChainHead | None:
        """The head of a chain that came furthest; None when none was kept. Raises OSError.

        Asked again it reads only what came since. A file that was taken away is a new beginning.
        """
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            self._place, self._highest = _Place(), {}
            return None
        with file:
            self._catch_up(file)
        return self._highest.get(chain)

    def _catch_up(self, file: BinaryIO) -> None:
        found = os.fstat(file.fileno())
        device, inode, offset = self._place
        if (device, inode) != (found.st_dev, found.st_ino) or found.st_size < offset:
            offset, self._highest = 0, {}
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                break  # Its other half may be under way.
            offset += len(line)
            for chain, head in _read(line):
                before = self._highest.get(chain)
                if before is None or head.number > before.number:
                    self._highest[chain] = head
        self._place = _Place(found.st_dev, found.st_ino, offset)

    def _heads(self, chain: str, size: int) -> Iterator[ChainHead]:
        with self._path.open("rb") as file:
            for line in file:
                size -= len(line)
                if size < 0:
                    return  # It came after the question.
                yield from (head for named, head in _read(line) if named == chain)


def _rising(heads: Iterable[ChainHead]) -> Iterator[ChainHead]:
    highest = 0
    for head in heads:
        if head.number > highest:
            highest = head.number
            yield head


def _missing_end(file: BinaryIO) -> bytes:
    """What must come before a new line: a full disk cuts one short, and none may be appended to it."""
    if file.seek(0, os.SEEK_END) == 0:
        return b""
    file.seek(-1, os.SEEK_END)
    return b"" if file.read(1) == b"\n" else b"\n"


def _read(line: bytes) -> list[tuple[str, ChainHead]]:
    """The chain and head of a line; none of one that a crash cut short."""
    try:
        fields = json.loads(line)
        head = ChainHead(int(fields["number"]), bytes.fromhex(fields["hash"]))
        return [(str(fields["chain"]), head)]
    except (ValueError, KeyError, TypeError):
        return []
