"""The middleware that the settings name."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

from backend.domain.errors import ConfigurationError
from backend.domain.jobs.hooks.in_use import IN_USE
from workers.job_types.middleware import Middleware, hooks_of


def use_configured(paths: Iterable[str]) -> None:
    """Puts each into use, once for the process; raises `ConfigurationError` that names what is wrong."""
    for path in paths:
        if not IN_USE.has_configured(path):
            IN_USE.add_configured(path, hooks_of(_found(path)))


def _found(path: str) -> Middleware:
    module, colon, name = path.partition(":")
    if not colon or not module or not name:
        raise ConfigurationError(
            f"middleware {path!r} must be written as package.module:Name in the settings"
        )
    try:
        found: Any = getattr(importlib.import_module(module), name)
        made: Middleware = found() if isinstance(found, type) else found
    except Exception as error:
        raise ConfigurationError(
            f"middleware {path!r} cannot be made: {type(error).__name__}: {error}; correct it, or "
            "correct middleware in config/queue-config.yaml"
        ) from error
    return made
