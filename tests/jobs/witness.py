"""Middleware that leaves a line for whatever it sees, in the file that `TALLY_TEST_WITNESS` names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import tally
from tests.jobs.well_behaved import leave_line


def _note(*words: object) -> None:
    leave_line(os.environ["TALLY_TEST_WITNESS"], " ".join(map(str, (os.getpid(), *words))))


class Witness(tally.Middleware):
    """Sees all there is."""

    @contextmanager
    def around_enqueue(self, drafts: Sequence[tally.Draft]) -> Iterator[None]:
        _note("enqueues", *(draft.job_type for draft in drafts))
        yield

    @contextmanager
    def around_attempt(self, context: tally.JobContext) -> Iterator[None]:
        _note("runs", context.job_type, context.attempt)
        yield
        _note("ran", context.job_type, context.attempt)

    @contextmanager
    def around_process(self, kind: str) -> Iterator[None]:
        _note("begins", kind)
        yield
        _note("ends", kind)

    def on_ended(self, ended: tally.AttemptEnd) -> None:
        _note("ended", ended.job_type, ended.attempt, ended.outcome)


class Unlucky(tally.Middleware):
    """Lets no process begin, until a file is there."""

    @contextmanager
    def around_process(self, kind: str) -> Iterator[None]:
        if not Path(os.environ["TALLY_TEST_WITNESS"]).with_name("go").exists():
            raise LookupError("no licence")
        yield
