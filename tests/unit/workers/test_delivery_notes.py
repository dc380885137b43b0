"""How far a mail is, as later attempts are told."""

from __future__ import annotations

from tests.workers_at_work import Kept, context
from workers.mail.delivery import Delivery
from workers.mail.delivery_notes import DeliveryNotes
from workers.mail.mail import MOST_RECIPIENTS
from workers.mail.patience import Patience


def test_the_longest_notes_fit_a_checkpoint() -> None:
    recipients = [f"{number:064}@{'d' * 185}.com" for number in range(MOST_RECIPIENTS)]
    assert {len(recipient) for recipient in recipients} == {254}

    kept = Kept()
    given = context(checkpoints=kept)

    delivery = Delivery(recipients, served=recipients[:1])
    DeliveryNotes(delivery, given, Patience(1, 1), person_decides=True).note_under_way(
        recipients[1:]
    )

    assert len(kept.text.encode()) > len("".join(recipients))
