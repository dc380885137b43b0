"""Releases and retried tests are kept by small programs of their own."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


def _program(path: str) -> Any:
    spec = importlib.util.spec_from_file_location("program", ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


changelog = _program("scripts/cut_changelog.py")
retried = _program(".ci/retried.py")
TEXT = "# Changelog\n\n## Unreleased\n\n### Added\n\n- News.\n\n## 0.1.0 – 2026-01-01\n\n- Old.\n"


def test_what_is_unreleased_gets_a_version_and_a_date() -> None:
    assert changelog.cut(TEXT, "0.2.0", "2026-02-03") == (
        "# Changelog\n\n## Unreleased\n\n## 0.2.0 – 2026-02-03\n\n### Added\n\n- News.\n\n"
        "## 0.1.0 – 2026-01-01\n\n- Old.\n"
    )


@pytest.mark.parametrize(
    ("text", "version", "words"),
    [
        (TEXT, "0.1.0", "the changelog has 0.1.0 already"),
        (TEXT.replace("- News.", ""), "0.2.0", "there is nothing under Unreleased"),
        (TEXT.replace("Unreleased", "Soon"), "0.2.0", "the changelog has no line '## Unreleased'"),
    ],
)
def test_what_cannot_be_released_is_refused(text: str, version: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"^{words}$"):
        changelog.cut(text, version, "2026-02-03")


def test_a_test_that_is_tried_again_a_third_time_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TALLY_CI_STATE", str(tmp_path))
    failed = tmp_path / "failed"
    failed.write_text(json.dumps({"tests/a.py::test_b": True}))

    codes = [retried.main([str(failed)]) for _ in range(3)]

    assert codes == [0, 0, 1]
    assert retried.main([]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == (
        "tried again in more than 2 of 3 runs: tests/a.py::test_b"
    )


def test_only_the_last_twenty_runs_count() -> None:
    runs: list[list[str]] = [["a"], ["a"]]
    for _ in range(retried.RUNS_KEPT - 1):
        runs = retried.remember(runs, [])

    assert retried.too_often(retried.remember(runs, ["a"])) == []
    assert len(runs) == retried.RUNS_KEPT
