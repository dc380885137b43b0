"""The changelog is cut for a release by a small program."""

from __future__ import annotations

import importlib.util
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
