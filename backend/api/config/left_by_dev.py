"""The stores of a `tally dev` that runs in this project: other shells and programs use them untold.

Only where neither environment nor settings name stores, and only while that process lives: a file that it
left when it was killed would send jobs where nobody works on them.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from backend.api.config.settings_file import find_file

#: Written at the head of the file, by whoever starts the stores; by scripts/start-redis.sh too.
OWNER = "# The stores of process {pid}; not read when that has ended.\n"
_OWNER = re.compile(r"# The stores of process (\d+);")
_SETTINGS = {"REDIS_URL": "redis_url", "DATABASE_URL": "database_url"}


def state_folder(environment: Mapping[str, str]) -> Path:
    """``TALLY_STATE_DIR``, else ``.tally`` beside the settings, else in the working folder."""
    named = environment.get("TALLY_STATE_DIR")
    if named:
        return Path(named).absolute()
    file = find_file(environment)
    return ((file and file.project) or Path.cwd()) / ".tally"


def stores_left_by_dev(environment: Mapping[str, str]) -> dict[str, str]:
    """Addresses by the names of settings; empty in production, and where none runs."""
    if environment.get("TALLY_ENV") == "production":
        return {}
    left = state_folder(environment) / "env"
    try:
        # In /tmp somebody else could leave an address, and jobs would go there.
        is_ours = left.stat().st_uid == os.getuid()
        text = left.read_text(encoding="utf-8")
        if not is_ours or not _lives(text):
            return {}
        # `export NAME='value'`, as a shell that sources the file reads it.
        words = [word for line in text.splitlines() for word in shlex.split(line, comments=True)]
    except (OSError, ValueError):
        # One that is half written, or that something else has written over, names no stores.
        return {}
    given = dict(word.partition("=")[::2] for word in words if "=" in word)
    return {_SETTINGS[name]: value for name, value in given.items() if name in _SETTINGS}


def _lives(text: str) -> bool:
    owner = _OWNER.match(text)
    if owner is None:
        return False
    try:
        os.kill(int(owner[1]), 0)
    except OSError:
        # It is gone, or somebody else's: the number is another's by now.
        return False
    return True
