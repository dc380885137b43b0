"""What the steps of the broker answer, one number an item, as the Lua files say it."""

from __future__ import annotations

from enum import IntEnum


class EnqueueCode(IntEnum):
    """Of a new job, also of one that comes from the outbox."""

    #: The quota of its tenant is used up; comes with how many wait, and how many may.
    QUOTA_EXCEEDED = -3
    HISTORY_FULL = -2
    QUEUE_FULL = -1
    QUEUED = 1
    SCHEDULED = 2
    #: The same job is here already; nothing was done.
    EXISTS = 3


class SettleCode(IntEnum):
    """Of the end of an attempt."""

    #: Somebody else has the job, or it ended: the outcome was refused.
    LOST = 0
    SETTLED = 1
    #: The same outcome came before, under the same lease.
    SETTLED_BEFORE = 2


class ExtendCode(IntEnum):
    """Of a lease that its worker renews, or notes progress under."""

    LOST = 0
    EXTENDED = 1
    #: It goes on, and the job is asked to cancel.
    ASKED_TO_CANCEL = 2
    #: It goes on, and the job is to be stopped at once.
    ASKED_TO_STOP = 3


class CancelCode(IntEnum):
    """Of a job that is to be withdrawn."""

    UNKNOWN = 0
    CANCELED = 1
    #: It runs: its worker is asked.
    ASKED = 2
    ENDED = 3


class RedriveCode(IntEnum):
    """Of a dead job that is to be sent home."""

    NOT_DEAD = 0
    QUEUED = 1
    #: Another job holds the key that they share: nothing was done.
    KEPT_OUT = 2


class DiscardCode(IntEnum):
    """Of a dead job that is to leave the dead-letter queue, as discarded or as resolved."""

    NOT_DEAD = 0
    DONE = 1


class MoveCode(IntEnum):
    """Of a waiting job that is to wait in another queue."""

    NOT_WAITING = 0
    MOVED = 1
    #: It waits there already.
    THERE_BEFORE = 2


class RunNowCode(IntEnum):
    """Of a scheduled job that is to be queued before it is due."""

    NOT_SCHEDULED = 0
    QUEUED = 1
