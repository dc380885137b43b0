"""The folder of the unix sockets: short, ours alone, and the same again after a restart."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

# A socket's path may have 104 bytes on macOS, whatever TMPDIR and the state directory are.
_SHORT = "/tmp"  # noqa: S108 mkdtemp makes the folder with mode 0700 and a name nobody knows


def socket_folder(recorded: Path | None) -> Path:
    """The folder of the last time, so that exported URLs stay true; else a new one."""
    if recorded is not None and _is_ours_alone(recorded):
        return recorded
    return Path(tempfile.mkdtemp(prefix="tally-", dir=_SHORT))


def remove_socket_folder(folder: Path) -> None:
    """Remove the folder with the sockets that a crash left in it."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def _is_ours_alone(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        # Anyone may have made a folder of this name in /tmp since.
        found = folder.lstat()
        private = not stat.S_IMODE(found.st_mode) & 0o077
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and private
    except OSError:
        return False
    return True
