"""``tally worker --reload``: workers that start again when the code they run changes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from backend.api.config.settings import default_settings
from backend.development.dev_loop import DevLoop
from backend.development.one_log import OneLog
from backend.development.program import Program
from backend.development.watching import folders_to_watch, watch
from backend.domain.errors import ConfigurationError


def run_reloading(command: Sequence[str], watched: Sequence[Path]) -> NoReturn:
    """Runs ``tally COMMAND`` until asked to stop, and exits; raises `ConfigurationError` in production."""
    if os.environ.get("TALLY_ENV") == "production":
        raise ConfigurationError(
            "--reload is not for production, which TALLY_ENV says this is: each file of a release that is "
            "copied would stop all workers"
        )
    program = Program("worker", tuple(command), loads_code=True, hurry_by=signal.SIGQUIT)
    loop = DevLoop([program], dict, OneLog([program.name]))
    folders = folders_to_watch(default_settings().job_packages, watched)
    watch(folders, loop.code_changed, needed_by="--reload", blind=loop.changes_are_not_seen)
    loop.is_watching = True
    loop.obey_signals()
    sys.exit(loop.run())
