"""What each slot of a worker process runs right now, in memory that its supervisor can read.

A job may hold the interpreter in C for minutes, or take the whole process down; then only another
process can say which job it was, and which of those that were claimed with it had begun. So each slot
notes its job here before it starts, and keeps it noted until its end is settled.
"""

from __future__ import annotations

import mmap
import os
import struct
from typing import NamedTuple

from workers.runtime.slots.nameless_memory import nameless_memory

#: The last beat; until when there need be none; since when it takes jobs; whether it leaves; has stopped;
#: has time to leave.
_MOMENT = struct.Struct("=d")
_BEAT_AT, _EXCUSED_AT, _SERVING_AT, _LEAVING_AT, _STOPPED_AT, _PUT_OFF_AT = 0, 8, 16, 24, 25, 26
#: How many of the loop's slots were ever used.
_USED_AT, _COUNT = 32, struct.Struct("=I")
_NOTHING, _RUNNING, _TOLD_TO_STOP, _ENDED = 0, 1, 2, 3
_ENTRY = struct.Struct("=B64s40sdd")
_OFFSET = 64
#: Jobs of one slot that may have begun and not be settled: no batch is longer.
_PLACES = 200


class RunningJob(NamedTuple):
    """One running attempt. Times are seconds of the machine's monotonic clock; 0 means no limit."""

    job_id: str
    fence: str
    started: float
    hard_deadline: float
    #: Whether the deadline is that of somebody who wants the job to end, not its own.
    told_to_stop: bool = False


class RunningTable:
    """A little shared memory: how far the process is, then the entries of each slot.

    Slots of the event loop are numbered after those that are threads, and have one entry each: they
    take nothing before it is settled.
    """

    def __init__(self, descriptor: int, slots: int, async_slots: int = 0) -> None:
        self.descriptor = descriptor
        self.slots = slots
        self.async_slots = async_slots
        self._used = 0
        self._memory = mmap.mmap(descriptor, _size(slots, async_slots))

    @classmethod
    def create(cls, slots: int, async_slots: int = 0) -> RunningTable:
        """A new table without a name in the file system; children inherit its descriptor."""
        descriptor = nameless_memory("running")
        try:
            os.ftruncate(descriptor, _size(slots, async_slots))
            return cls(descriptor, slots, async_slots)
        except BaseException:
            os.close(descriptor)
            raise

    def beat(self, monotonic: float) -> None:
        """Notes that the process is alive and may run Python."""
        self._note(_BEAT_AT, monotonic)

    @property
    def last_beat(self) -> float:
        """When `beat` was last called; 0 before the first time."""
        return self._noted(_BEAT_AT)

    def excuse_until(self, monotonic: float) -> None:
        """Notes that its workers are opened or closed, which may take until then; 0: no longer."""
        self._note(_EXCUSED_AT, monotonic)

    @property
    def excused_until(self) -> float:
        """Until when no beat is to be expected; 0: it is."""
        return self._noted(_EXCUSED_AT)

    def serve(self, monotonic: float) -> None:
        """Notes that the process takes jobs from now on."""
        self._note(_SERVING_AT, monotonic)

    @property
    def serving_since(self) -> float:
        """Since when it takes jobs; 0: not yet."""
        return self._noted(_SERVING_AT)

    def leave(self) -> None:
        """Notes that the process takes no more jobs and ends after its last: it can be replaced."""
        self._memory[_LEAVING_AT] = 1

    @property
    def is_leaving(self) -> bool:
        """Whether `leave` was called."""
        return self._memory[_LEAVING_AT] == 1

    def put_off_leaving(self, is_put_off: bool) -> None:
        """Notes, for its supervisor, whether it shall work on for now though it has done its jobs."""
        self._memory[_PUT_OFF_AT] = is_put_off

    @property
    def is_put_off(self) -> bool:
        """Whether it shall work on for now."""
        return self._memory[_PUT_OFF_AT] == 1

    def note_stopped(self) -> None:
        """Notes that the process has given back what it could: what is still noted is not why it ends."""
        self._memory[_STOPPED_AT] = 1

    @property
    def has_stopped(self) -> bool:
        """Whether `note_stopped` was called."""
        return self._memory[_STOPPED_AT] == 1

    def _note(self, at: int, monotonic: float) -> None:
        _MOMENT.pack_into(self._memory, at, monotonic)

    def _noted(self, at: int) -> float:
        moment: float = _MOMENT.unpack_from(self._memory, at)[0]
        return moment

    def note_running(self, slot: int, entry: RunningJob, place: int = 0) -> None:
        """Notes what a slot starts to run, as the ``place``-th job that it has not settled yet."""
        if slot >= self.slots + self._used:
            # Only so far is looked: most processes use few of the loop's slots, or none.
            self._used = slot + 1 - self.slots
            _COUNT.pack_into(self._memory, _USED_AT, self._used)
        _ENTRY.pack_into(
            self._memory,
            self._at(slot, place),
            _TOLD_TO_STOP if entry.told_to_stop else _RUNNING,
            entry.job_id.encode(),
            entry.fence.encode(),
            entry.started,
            entry.hard_deadline,
        )

    def note_ended(self, slot: int, place: int = 0) -> None:
        """Notes that what a slot ran has ended."""
        self._memory[self._at(slot, place)] = _ENDED

    def settle(self, slot: int, places: int) -> None:
        """Notes that so many jobs of a slot, all that it had begun, are settled."""
        if not places:
            return
        # From the last one: what is noted is read from the first, up to where nothing is.
        first, noted = self._at(slot, 0), min(places, _PLACES)
        last = first + (noted - 1) * _ENTRY.size
        self._memory[last : first - 1 : -_ENTRY.size] = bytes(noted)

    def running(self) -> list[RunningJob]:
        """Everything that runs, as far as the table knows."""
        return self._entries(_RUNNING, _TOLD_TO_STOP)

    def ended(self) -> list[RunningJob]:
        """Everything that has ended and was not settled yet, as far as the table knows."""
        return self._entries(_ENDED)

    def _entries(self, *states: int) -> list[RunningJob]:
        entries = []
        for slot in range(self.slots):
            for place in range(_PLACES):
                at = self._at(slot, place)
                if self._memory[at] == _NOTHING:
                    break
                if self._memory[at] in states:
                    entries.append(self._entry(at))
        used: int = _COUNT.unpack_from(self._memory, _USED_AT)[0]
        for slot in range(self.slots, self.slots + used):
            at = self._at(slot, 0)
            if self._memory[at] in states:
                entries.append(self._entry(at))
        return entries

    def _entry(self, at: int) -> RunningJob:
        state, *texts, started, hard = _ENTRY.unpack_from(self._memory, at)
        return RunningJob(
            _text(texts[0]), _text(texts[1]), started, hard, told_to_stop=state == _TOLD_TO_STOP
        )

    def _at(self, slot: int, place: int) -> int:
        """Where an entry begins. Of more jobs than there are places the last ones share the last place."""
        if slot < self.slots:
            entries_before = slot * _PLACES + min(place, _PLACES - 1)
        else:
            entries_before = self.slots * _PLACES + slot - self.slots
        return _OFFSET + entries_before * _ENTRY.size

    def close(self) -> None:
        """Lets go of the memory."""
        self._memory.close()
        os.close(self.descriptor)


def _size(slots: int, async_slots: int) -> int:
    return _OFFSET + (slots * _PLACES + async_slots) * _ENTRY.size


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode()
