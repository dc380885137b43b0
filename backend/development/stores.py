"""Which stores a developer's processes use: those of the settings, and only else servers of their own."""

from __future__ import annotations

import os

from backend.api.config.settings import Settings
from backend.api.config.store_urls import is_memory
from backend.domain.errors import ConfigurationError


def use_stores_of(settings: Settings) -> None:
    """Names stores that the settings name in the environment, where servers are looked for first."""
    if is_memory(settings.redis_url):
        raise ConfigurationError(
            "redis_url is memory: which each process has for itself; tally dev starts several, so leave "
            "redis_url out, or name a Redis"
        )
    for name, variable in (("redis_url", "REDIS_URL"), ("database_url", "DATABASE_URL")):
        if name in settings.model_fields_set:
            os.environ.setdefault(variable, getattr(settings, name))
