"""Settings on their way to a process of ours that must not look them up again.

Between its start and that of its child a process may have changed folder or environment, and somebody
the file. The text holds every secret: it goes through a private channel, never on a command line.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, SecretStr

from backend.api.config.settings import Settings


def written_down(settings: Settings) -> str:
    """Every value as JSON text."""
    return json.dumps(settings.model_dump(warnings=False), default=_plain)


def read_back(text: str) -> Settings:
    """The settings in a text; neither environment nor file is looked at."""
    settings = Settings.__new__(Settings)
    # That of `BaseSettings` would ask all sources again.
    BaseModel.__init__(settings, **json.loads(text))
    return settings


def _plain(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
