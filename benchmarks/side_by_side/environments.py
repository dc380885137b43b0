"""What each queue is installed in: a folder of its own under the cache, made when it is asked for."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: What Tally is installed with, in this checkout by ``run.sh``; a revision without one of them goes without.
EXTRAS = "embedded,uvloop"
_DONE = ".made"


class NotInstalled(Exception):
    """A queue cannot be installed here; the message says why."""


def cache() -> Path:
    """Where environments stay between runs; BENCH_CACHE moves it."""
    default = Path.home() / ".cache" / "tally-benchmarks"
    return Path(os.environ.get("BENCH_CACHE") or default)


def of_packages(name: str, packages: Sequence[str]) -> Path:
    """The Python of an environment that holds these packages and nothing of ours."""
    digest = hashlib.sha256(" ".join([sys.version, *packages]).encode()).hexdigest()[:10]
    folder = cache() / f"{name}-{digest}"
    _once(folder, lambda: _install(folder, packages))
    return folder / "bin" / "python"


def of_npm(name: str, packages: Sequence[str]) -> Path:
    """A folder with ``node_modules``."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NotInstalled("node and npm are not on PATH")
    digest = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:10]
    folder = cache() / f"{name}-{digest}"
    words = ("npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), *packages)
    _once(folder, lambda: _run(*words))
    return folder


def of_revision(revision: str) -> Path:
    """A checkout of another revision of Tally, with its own environment in ``.venv``."""
    commit = _run("git", "-C", str(ROOT), "rev-parse", "--verify", f"{revision}^{{commit}}").strip()
    folder = cache() / f"tally-{commit[:12]}-{EXTRAS.replace(',', '-')}"
    _once(folder, lambda: _check_out(folder, commit))
    return folder


def _check_out(folder: Path, commit: str) -> None:
    # An archive, not `git worktree`: the repository keeps no trace of it.
    archive = folder / "tree.tar"
    _run("git", "-C", str(ROOT), "archive", "--output", str(archive), commit)
    _run("tar", "-xf", str(archive), "-C", str(folder))
    archive.unlink()
    install = '. "$ROOT/scripts/_install.sh"; cd "$ROOT"; install_tally "$EXTRAS"'
    _run("bash", "-euc", install, ROOT=str(folder), EXTRAS=EXTRAS)


def _install(folder: Path, packages: Sequence[str]) -> None:
    _run(sys.executable, "-m", "venv", str(folder))
    python = str(folder / "bin" / "python")
    uv = Path(sys.executable).with_name("uv")
    quick = [str(uv), "pip", "install", "--quiet", "--python", python, *packages]
    slow = [python, "-m", "pip", "install", "--quiet", *packages]
    try:
        _run(*quick)
    except (NotInstalled, OSError):
        # An index that only pip is set up for.
        _run(*slow)


def _once(folder: Path, make: Callable[[], None]) -> None:
    if (folder / _DONE).exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make()
    (folder / _DONE).touch()


def _run(*words: str, **variables: str) -> str:
    answer = subprocess.run(
        words, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if answer.returncode != 0:
        lines = (answer.stderr or answer.stdout).strip().splitlines() or ["no output"]
        raise NotInstalled(f"{words[0]} {words[1]}: {lines[-1]}")
    return answer.stdout
