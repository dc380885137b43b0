"""Which of a host's worker processes looks for ended leases, and what Redis last told it: shared memory.

A supervisor does not speak to Redis, and one process a host is enough. Any number may look, so nothing
is locked: two that take the same turn do no harm.
"""

from __future__ import annotations

import mmap
import os
import struct
from typing import NamedTuple

from workers.runtime.slots.nameless_memory import nameless_memory

#: Whose turn it is, by process id, and when that process was last at it.
_TURN = struct.Struct("=qd")
#: When something was said, and how long it is.
_SAID = struct.Struct("=dI")
_SAID_AT, _TEXT_AT, _SIZE = _TURN.size, _TURN.size + _SAID.size, 1024
#: Seconds after which who was not at it has lost its turn: a job may hold the interpreter in C.
_TURN_SECONDS = 6.0


class RedisWord(NamedTuple):
    """What the process on duty found, and when by the machine's monotonic clock; 0: nobody was yet."""

    moment: float
    #: Empty while Redis serves.
    trouble: str


class DutyRoster:
    """Made by a supervisor; its worker processes inherit the descriptor."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, _SIZE)

    @classmethod
    def create(cls) -> DutyRoster:
        """A new one, on which nobody is."""
        descriptor = nameless_memory("duty")
        os.ftruncate(descriptor, _SIZE)
        return cls(descriptor)

    def take(self, process: int, now: float) -> bool:
        """Whether it is the turn of this process; if nobody is at it, it is from now on."""
        holder, at = _TURN.unpack_from(self._memory)
        if holder != process and now - at < _TURN_SECONDS:
            return False
        _TURN.pack_into(self._memory, 0, process, now)
        return True

    def leave(self, process: int) -> None:
        """It has ended: the next that asks is on duty."""
        if _TURN.unpack_from(self._memory)[0] == process:
            _TURN.pack_into(self._memory, 0, 0, float("-inf"))

    def say(self, trouble: str, now: float) -> None:
        """What Redis told the process on duty; empty: it serves."""
        text = trouble.encode()[: _SIZE - _TEXT_AT]
        self._memory[_TEXT_AT : _TEXT_AT + len(text)] = text
        _SAID.pack_into(self._memory, _SAID_AT, now, len(text))

    def said(self) -> RedisWord:
        """The last of it. Cut short, or of two mixed, while it is being written: people read it."""
        moment, length = _SAID.unpack_from(self._memory, _SAID_AT)
        text = self._memory[_TEXT_AT : _TEXT_AT + length]
        return RedisWord(moment, text.decode(errors="replace"))

    def close(self) -> None:
        """Lets go of the memory."""
        self._memory.close()
        os.close(self.descriptor)
