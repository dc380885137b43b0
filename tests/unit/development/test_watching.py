"""What is watched for changes, and what becomes of it when the system does not let us."""

from __future__ import annotations

import errno
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
import watchfiles

from backend.development.watching import watch

#: Of nobody in particular, whom a folder of root's can be closed to; he may not read Python's either.
_WATCHING = """
import os, platform, sys, threading, watchfiles
from pathlib import Path
from backend.development.watching import watch
folder, seen, told = Path(sys.argv[1]), threading.Event(), []
(folder / "pgdata").mkdir(mode=0)
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
watch([folder], lambda _: seen.set(), needed_by="a test", blind=told.append)
while not seen.wait(0.2):
    assert not told, told
    (folder / "code.py").write_text(str(os.times()))
"""


def test_a_folder_that_cannot_be_read_is_left_out() -> None:
    # What pytest makes is below folders that nobody else may look into.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        watching = subprocess.run(
            [sys.executable, "-c", _WATCHING, folder], check=False, capture_output=True, text=True
        )

    assert watching.returncode == 0, watching.stderr


_ADVICE = "raise fs.inotify.max_user_watches, or set WATCHFILES_FORCE_POLLING=true"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            f"[Errno 28] No space left on device; {_ADVICE}",
        ),
        (
            RuntimeError("OS file watch limit reached"),
            f"OS file watch limit reached; {_ADVICE}",
        ),
        (FileNotFoundError("it is gone"), "it is gone"),
    ],
)
def test_an_end_of_it_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, told: str
) -> None:
    def fail(*_folders: Any, **_named: Any) -> Iterator[None]:
        raise error
        yield

    monkeypatch.setattr(watchfiles, "watch", fail)
    heard: SimpleQueue[str] = SimpleQueue()

    watch([tmp_path], lambda _: None, needed_by="a test", blind=heard.put)

    assert heard.get(timeout=30) == told
