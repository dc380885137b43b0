"""Jobs that say what they do: through their context, through `logging`, and through a library of ours."""

from __future__ import annotations

import logging
import os
import signal
import time
from pathlib import Path

from workers.base_worker import JobContext, job_type


def _speak(context: JobContext) -> None:
    context.log.info("signed in", password="hunter2")
    logging.getLogger("crm.jobs").info("syncing %s", "acme")
    logging.getLogger("urllib3.connectionpool").info("starting a connection")


@job_type("speak", timeout=600)
def speak(payload: dict[str, str], context: JobContext) -> None:
    """Says it in a thread."""
    _speak(context)


@job_type("speak_apart", isolation="process", timeout=600)
def speak_apart(payload: dict[str, str], context: JobContext) -> None:
    """Says it in a process of its own."""
    _speak(context)


def _talk_on(payload: dict[str, str], context: JobContext) -> None:
    context.progress(1, 2, "talking")
    logging.getLogger("crm.jobs").info("syncing card %s", payload["card"])
    while not Path(payload["until"]).exists():
        time.sleep(0.01)


@job_type("talk_on", timeout=600, secret_fields=("card",))
def talk_on(payload: dict[str, str], context: JobContext) -> None:
    """Says something, then runs until a file appears."""
    _talk_on(payload, context)


@job_type("talk_on_apart", isolation="process", timeout=600, secret_fields=("card",))
def talk_on_apart(payload: dict[str, str], context: JobContext) -> None:
    """The same in a process of its own."""
    _talk_on(payload, context)


@job_type("talk_and_die", isolation="process", timeout=600, max_retries=0)
def talk_and_die(payload: dict[str, str], context: JobContext) -> None:
    """Says something, and takes its process down."""
    context.log.info("about to fall", step=3)
    os.kill(os.getpid(), signal.SIGKILL)
