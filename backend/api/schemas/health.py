"""Health as it goes out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from backend.api.schemas.base import Resource


class Alive(Resource):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Check(Resource):
    """One thing that is needed."""

    name: str
    ok: bool
    detail: str = Field("", description="What is wrong with it.")


class Ready(Resource):
    """Whether everything that is needed is there."""

    status: Literal["ready", "not ready"]
    checks: list[Check]


class Version(Resource):
    """Which release answers."""

    name: str = "tally"
    version: str
    api: str = "1"
