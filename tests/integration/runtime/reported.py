"""Sentry as an application has it, whose reports land in the file that `TALLY_TEST_WITNESS` names."""

from __future__ import annotations

import json
import os
from typing import Any

import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from tally.integrations.sentry import Sentry
from tests.jobs.well_behaved import leave_line


class InFile(Transport):
    """Leaves a line for each event."""

    def capture_envelope(self, envelope: Envelope) -> None:
        """What would be sent."""
        for item in envelope.items:
            if item.type == "event":
                event: dict[str, Any] = json.loads(item.get_bytes())
                told = (event["contexts"]["job"]["id"], event["tags"]["reason"])
                leave_line(os.environ["TALLY_TEST_WITNESS"], " ".join((str(os.getpid()), *told)))


sentry_sdk.init(dsn="https://key@example.org/1", transport=InFile, default_integrations=False)
reports = Sentry()
