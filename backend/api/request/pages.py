"""Pages beside the API, such as the dashboard: a blueprint, and the rights of its endpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import Blueprint, Flask

from backend.api.access.rights import Right


@dataclass(frozen=True, slots=True)
class Pages:
    """What `create_app` takes in. An endpoint without a right keeps the application from starting.

    Views check rights themselves, with `backend.api.access.rights.permit`: sessions are not the API's.
    """

    blueprint: Blueprint
    rights: Mapping[str, Right]
    #: Called with the application once, for filters and the like.
    set_up: Callable[[Flask], None] = field(default=lambda _app: None)
