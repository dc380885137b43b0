"""How far a mail is, as later attempts are told."""

from __future__ import annotations

import json

from workers.mail.delivery import Delivery
from workers.mail.mail import MOST_RECIPIENTS
from workers.runtime.attempts.job_contexts import MOST_CHECKPOINT_BYTES


def test_the_longest_notes_fit_a_checkpoint() -> None:
    recipients = [f"{number:064}@{'d' * 185}.com" for number in range(MOST_RECIPIENTS)]
    assert {len(recipient) for recipient in recipients} == {254}

    delivery = Delivery(recipients, served=recipients)

    assert len(json.dumps(delivery.checkpoint).encode()) <= MOST_CHECKPOINT_BYTES
