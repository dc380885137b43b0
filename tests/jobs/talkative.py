"""Jobs that say what they do: through their context, through `logging`, and through a library of ours."""

from __future__ import annotations

import logging

from workers.base_worker import JobContext, job_type


def _speak(context: JobContext) -> None:
    context.log.info("signed in", password="hunter2")
    logging.getLogger("crm.jobs").info("syncing %s", "acme")
    logging.getLogger("urllib3.connectionpool").info("starting a connection")


@job_type("speak", timeout=60)
def speak(payload: dict[str, str], context: JobContext) -> None:
    """Says it in a thread."""
    _speak(context)


@job_type("speak_apart", isolation="process", timeout=60)
def speak_apart(payload: dict[str, str], context: JobContext) -> None:
    """Says it in a process of its own."""
    _speak(context)
