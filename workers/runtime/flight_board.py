"""What each slot of a worker process runs right now, in memory that its supervisor can read.

A job may hold the interpreter in C for minutes, or take the whole process down; then only another
process can say which job it was. So each slot notes its job here before it starts.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
from pathlib import Path
from typing import NamedTuple

_HEADER = struct.Struct("=dI")
_ENTRY = struct.Struct("=B64s40sdd")
_OFFSET = 64


class Flight(NamedTuple):
    """One running attempt. Times are seconds of the machine's monotonic clock; 0 means no limit."""

    job_id: str
    fence: str
    started: float
    hard_deadline: float


class FlightBoard:
    """A small file in shared memory: a heartbeat, then one entry a slot."""

    def __init__(self, descriptor: int, slots: int) -> None:
        self.descriptor = descriptor
        self.slots = slots
        self._memory = mmap.mmap(descriptor, _size(slots))

    @classmethod
    def create(cls, slots: int) -> FlightBoard:
        """A new board without a name in the file system; children inherit its descriptor."""
        descriptor, path = tempfile.mkstemp(prefix="tally-board-")
        Path(path).unlink()
        os.ftruncate(descriptor, _size(slots))
        return cls(descriptor, slots)

    def beat(self, monotonic: float) -> None:
        """Notes that the process is alive and may run Python."""
        _HEADER.pack_into(self._memory, 0, monotonic, self.slots)

    @property
    def last_beat(self) -> float:
        """When `beat` was last called; 0 before the first time."""
        beat: float = _HEADER.unpack_from(self._memory, 0)[0]
        return beat

    def take_off(self, slot: int, flight: Flight) -> None:
        """Notes what a slot starts to run."""
        _ENTRY.pack_into(
            self._memory,
            _OFFSET + slot * _ENTRY.size,
            1,
            flight.job_id.encode(),
            flight.fence.encode(),
            flight.started,
            flight.hard_deadline,
        )

    def land(self, slot: int) -> None:
        """Notes that a slot runs nothing."""
        self._memory[_OFFSET + slot * _ENTRY.size] = 0

    def in_flight(self) -> list[Flight]:
        """Everything that runs, as far as the board knows."""
        flights = []
        for slot in range(self.slots):
            active, job_id, fence, started, hard = _ENTRY.unpack_from(
                self._memory, _OFFSET + slot * _ENTRY.size
            )
            if active:
                flights.append(Flight(_text(job_id), _text(fence), started, hard))
        return flights

    def close(self) -> None:
        """Lets go of the memory."""
        self._memory.close()
        os.close(self.descriptor)


def _size(slots: int) -> int:
    return _OFFSET + slots * _ENTRY.size


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode()
