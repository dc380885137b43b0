"""Type checkers find each planted mistake, and nothing else, in what callers and authors write."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT, files

#: The program; it needs node.
PYRIGHT = os.environ.get("TALLY_TEST_PYRIGHT", "")
_MISTAKE = re.compile(r" *# type: ignore\[[\w-]+\]")
_PROOFS = [file for file in files("*.py", "tests/typing") if file.name != "__init__.py"]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The proofs without the comments that excuse their mistakes."""
    for file in _PROOFS:
        text = _MISTAKE.sub("", file.read_text(encoding="utf-8"))
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    return tmp_path


def _planted() -> set[tuple[str, int]]:
    return {
        (file.name, number)
        for file in _PROOFS
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if _MISTAKE.search(line)
    }


def test_mypy_finds_each_mistake_and_nothing_else(bare: Path) -> None:
    # With the settings of the style checks, whose cache spares it all of our own modules.
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary"]
    said = subprocess.run(
        [*command, *map(str, sorted(bare.glob("*.py")))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    found = re.findall(r"(\w+\.py):(\d+): error: ", said.stdout)
    assert {(name, int(line)) for name, line in found} == _planted(), said.stdout + said.stderr
    assert len(_planted()) >= 9


@pytest.mark.skipif(not PYRIGHT, reason="TALLY_TEST_PYRIGHT names no pyright")
def test_pyright_finds_each_mistake_and_nothing_else(bare: Path) -> None:
    settings = {"include": [str(bare)], "extraPaths": [str(ROOT)], "typeCheckingMode": "strict"}
    settings |= {"reportUnusedFunction": False, "pythonVersion": "3.11"}
    (bare / "pyrightconfig.json").write_text(json.dumps(settings))
    said = subprocess.run(
        [PYRIGHT, "--outputjson", "--pythonpath", sys.executable, "-p", str(bare)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    errors = [e for e in json.loads(said.stdout)["generalDiagnostics"] if e["severity"] == "error"]
    found = {(Path(e["file"]).name, e["range"]["start"]["line"] + 1) for e in errors}
    assert found == _planted(), errors
