"""What starts leave in a state directory, told apart from what was there before the first of them."""

from __future__ import annotations

import shutil
from pathlib import Path

from backend.domain.access.api_key import TOKEN_HEAD
from backend.domain.errors import ConfigurationError

#: What a quickstart, a `tally dev` and their servers make. What is in ``run`` is of workers that may live.
_MADE = frozenset(
    {
        *("redis", "postgres", "servers.json", "servers.new", "start.lock"),
        *("log", "artifacts", "backups", "env", "env.new", "token"),
    }
)
#: Each start leaves the one, each start of servers the other.
_SIGNS = frozenset({"in-use", "start.lock"})
#: What is written anew at each start, and how it begins.
_WRITTEN_ANEW = {"env": ("# The stores of process ", "export REDIS_URL="), "token": (TOKEN_HEAD,)}


class Leavings:
    """Of a state directory, which may be any folder: somebody's project, or what holds his backups."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._noted = state / "there-before"

    def note_others(self) -> None:
        """Notes what there is before the first start under names that starts use: it is not theirs.

        Raises `ConfigurationError` where a start would write over it.
        """
        there = {each.name for each in self._state.iterdir()}
        written = sorted(there & _WRITTEN_ANEW.keys())
        if there & _SIGNS or any(map(self._is_ours, written)):
            return
        if written:
            raise ConfigurationError(
                f"no start of Tally made {' and '.join(written)} in {self._state}, and this one would "
                "write over it: choose another folder with --state-dir"
            )
        if others := sorted(there & _MADE):
            self._noted.write_text("".join(f"{name}\n" for name in others), encoding="ascii")

    def throw_away(self) -> list[str]:
        """The names of what stays, for it was there before the first start."""
        noted = self._noted.read_text(encoding="ascii").split() if self._noted.exists() else []
        for name in sorted(_MADE.difference(noted)):
            _remove(self._state / name)
        return [name for name in noted if (self._state / name).exists()]

    def _is_ours(self, name: str) -> bool:
        try:
            text = (self._state / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return False
        return text.startswith(_WRITTEN_ANEW[name])


def _remove(left: Path) -> None:
    if left.is_dir() and not left.is_symlink():
        shutil.rmtree(left)
    else:
        left.unlink(missing_ok=True)
