"""Makes the folders through which processes hand on their counts, and clears those of the dead."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.locks.file_lock import is_locked
from backend.telemetry.logs.logger import Logger
from backend.telemetry.metrics.count_folder import LIVING, opened_alone

log = Logger("tally.metrics")

_PREFIX, _OWNER = "tally-counts-", f"owner{LIVING}"
#: Seconds after which a folder that nobody holds is no new one whose owner is yet to take it.
_YOUNG = 60.0


@contextmanager
def new_count_folder() -> Iterator[Path]:
    """A folder of this process and of those it starts, for as long as the block lasts.

    What a process that was killed left behind is cleared by the next that starts: nobody else can.
    """
    clear_abandoned(Path(tempfile.gettempdir()), now=time.time())
    path = Path(tempfile.mkdtemp(prefix=_PREFIX))
    owner = opened_alone(path / _OWNER)
    try:
        yield path
    finally:
        os.close(owner)
        shutil.rmtree(path, ignore_errors=True)


def clear_abandoned(parent: Path, *, now: float) -> None:
    """Deletes the folders below ``parent`` that no living process uses. ``now``: Unix seconds."""
    abandoned = [folder for folder in parent.glob(f"{_PREFIX}*") if _is_abandoned(folder, now)]
    for folder in abandoned:
        shutil.rmtree(folder, ignore_errors=True)
    if abandoned:
        log.info("metrics.cleared", folders=len(abandoned))


def _is_abandoned(folder: Path, now: float) -> bool:
    try:
        facts = folder.stat()
        return (
            facts.st_uid == os.getuid()
            and now - facts.st_mtime > _YOUNG
            and not any(is_locked(living) for living in folder.glob(f"*{LIVING}"))
        )
    except OSError:
        # Somebody else clears it, or it is none of ours.
        return False
