"""What people do to one job, as it comes in and goes out."""

from __future__ import annotations

from typing import Any

from pydantic import Field, JsonValue

from backend.api.schemas.base import Because, Resource
from backend.api.schemas.fields import PriorityWord, StateWord


class CancelRequest(Because):
    """How to withdraw a job."""

    force: bool = Field(False, description="Stop a running job hard, not only ask it.")


class RetryRequest(Because):
    """How to retry a dead job."""

    payload: dict[str, JsonValue] | None = Field(None, description="Instead of the one it had.")
    anyway: bool = Field(False, description="Also while a job that is the same holds their key.")


class ReprioritiseRequest(Because):
    """Where to move a waiting job."""

    priority: PriorityWord
    front: bool = Field(False, description="Before all that wait there.")


class Done(Resource):
    """What an action on one job led to."""

    id: str
    outcome: str = Field(description="The state or queue the job is in now, or `asked`.")


class WhyCause(Resource):
    """One thing that keeps a job from running."""

    code: str
    text: str
    details: dict[str, Any]


class Why(Resource):
    """Why a job is not running."""

    id: str
    state: StateWord
    position: int | None = Field(
        description="Jobs of its own queue that run before it. For a key that is bound to a tenant: of "
        "its own, where the queue is fair by tenant; else empty."
    )
    ahead_elsewhere: int | None = Field(
        description="Jobs waiting in more urgent queues of its lane. Empty for a key that is bound to a "
        "tenant."
    )
    causes: list[WhyCause]
    text: str
