"""The file of anchors: what a full disk cut short costs the line that was cut, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.domain.audit.audit_chain import ChainHead
from backend.history.audit.anchor_file import AnchorFile


@pytest.mark.parametrize(
    "before", ["", '{"chain": "audit_log", "numb'], ids=["none", "half a line"]
)
def test_an_anchor_behind_half_a_line_can_be_read(tmp_path: Path, before: str) -> None:
    path = tmp_path / "anchor.jsonl"
    anchor = AnchorFile(path)
    anchor.keep("audit_log", ChainHead(1, b"one"))
    with path.open("a") as file:
        file.write(before)

    anchor.keep("audit_log", ChainHead(2, b"two"))

    assert anchor.kept("audit_log") == ChainHead(2, b"two")
    assert "\n\n" not in path.read_text()
