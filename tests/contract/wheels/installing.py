"""Wheels of this tree, and environments that have one of them installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[3]
_PARTS = ("tally", "backend", "workers", "migrations", "config", "deploy", "docs", "examples")
_FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE")


def built_wheel(folder: Path) -> Path:
    """The wheel of a copy of this tree: beside it setuptools would leave what it made on the way."""
    source = folder / "source"
    for part in _PARTS:
        shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FILES:
        shutil.copy(ROOT / name, source)
    _pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(source))
    [wheel] = folder.glob("*.whl")
    return wheel


def environment(folder: Path, wheel: Path) -> Path:
    """A virtual environment with a wheel, and the libraries of this one but no Tally; its programs.

    With ``TALLY_TEST_INSTALL=full`` its libraries are those that the wheel asks for and nothing else.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    into = ("--python", str(folder / "bin" / "python"), "install")
    if os.environ.get("TALLY_TEST_INSTALL") == "full":
        _pip(*into, "--constraint", str(ROOT / "requirements.lock"), str(wheel))
    else:
        [packages] = folder.glob("lib/python*/site-packages")
        # Python looks there for modules, and not for the file that leads to this checkout.
        (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
        _pip(*into, "--no-deps", "--no-index", "--ignore-installed", str(wheel))
    return folder / "bin"


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
