"""One mail on its way to the server, and all that goes with it."""

from __future__ import annotations

from typing import NamedTuple

from workers.mail.delivery import Delivery
from workers.mail.delivery_notes import DeliveryNotes
from workers.mail.message import Message
from workers.mail.patience import Patience


class Envelope(NamedTuple):
    """A mail as the server sees it."""

    sender: str
    message: Message


class Submission(NamedTuple):
    """What is handed over, to whom, for how long at most, and what is written down of it."""

    envelope: Envelope
    delivery: Delivery
    patience: Patience
    notes: DeliveryNotes
