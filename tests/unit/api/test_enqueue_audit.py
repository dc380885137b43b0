"""Enqueueing stays in the audit log whatever happened to a row before."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from backend.api.request.enqueue_audit import EnqueueAudit
from backend.domain.access.actor import Actor, ActorKind, Channel
from backend.domain.access.role import Role


class _Trail:
    """Takes rows; one actor's cannot be written."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, int]] = []
        self.written = threading.Event()
        self.refused = threading.Event()

    def record(self, _action: str, actor: Actor, **details: Any) -> None:
        """One row."""
        if actor.name == "bad":
            self.refused.set()
            raise ValueError("A string literal cannot contain NUL (0x00) characters.")
        self.rows.append((actor.name, details["affected"]))
        self.written.set()


def _actor(name: str) -> Actor:
    return Actor(name, Role.PRODUCER, "local", kind=ActorKind.TOKEN, channel=Channel.API)


def _note(audit: EnqueueAudit, name: str) -> None:
    audit.note(_actor(name), "jobs.enqueue", ["j1"])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are written at once."""
    monkeypatch.setattr("backend.api.request.enqueue_audit._EVERY_SECONDS", 0.01)


@pytest.mark.usefixtures("quick")
def test_a_row_that_cannot_be_written_keeps_no_other_from_being_written() -> None:
    trail = _Trail()
    audit = EnqueueAudit(trail)

    _note(audit, "bad")
    assert trail.refused.wait(60)
    _note(audit, "ada")

    assert trail.written.wait(60)
    assert trail.rows == [("ada", 1)]
    audit.close()


@pytest.mark.usefixtures("quick")
def test_a_thread_that_is_gone_is_started_anew() -> None:
    trail = _Trail()
    audit = EnqueueAudit(trail)
    gone = threading.Thread(target=lambda: None)
    gone.start()
    gone.join()
    audit._writer = gone

    _note(audit, "ada")

    assert trail.written.wait(60)
    audit.close()
