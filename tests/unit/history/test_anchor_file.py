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

    assert list(anchor.kept("audit_log")) == [ChainHead(1, b"one"), ChainHead(2, b"two")]
    assert anchor.highest("audit_log") == ChainHead(2, b"two")
    assert "\n\n" not in path.read_text()


def test_every_head_of_a_chain_is_given_the_lowest_first(tmp_path: Path) -> None:
    """Also where a release that anchored whatever it found left a lower one behind a higher one."""
    anchor = AnchorFile(tmp_path / "anchor.jsonl")
    heads = [ChainHead(number, b"%d" % at) for at, number in enumerate([3, 7, 10, 8, 9, 10, 12])]
    for head in heads:
        anchor.keep("audit_log", head)
        anchor.keep("job_event_seals", ChainHead(head.number + 100, b"seal"))

    assert list(anchor.kept("audit_log")) == sorted(heads)
    assert anchor.highest("audit_log") == heads[-1]


def test_a_head_that_is_kept_meanwhile_is_not_among_those_asked_for(tmp_path: Path) -> None:
    """Its row may have come behind the last one that a verification reads."""
    anchor = AnchorFile(tmp_path / "anchor.jsonl")
    anchor.keep("audit_log", ChainHead(1, b"one"))

    kept = anchor.kept("audit_log")
    anchor.keep("audit_log", ChainHead(2, b"two"))

    assert list(kept) == [ChainHead(1, b"one")]


def test_the_highest_head_is_known_whoever_keeps_it_until_another_file_begins(
    tmp_path: Path,
) -> None:
    path = tmp_path / "anchor.jsonl"
    anchor, other = AnchorFile(path), AnchorFile(path)
    assert anchor.highest("audit_log") is None
    anchor.keep("audit_log", ChainHead(7, b"seven"))
    assert anchor.highest("audit_log") == ChainHead(7, b"seven")

    other.keep("audit_log", ChainHead(10, b"ten"))
    other.keep("audit_log", ChainHead(8, b"eight"))
    assert anchor.highest("audit_log") == ChainHead(10, b"ten")

    path.rename(tmp_path / "before-restore.jsonl")
    assert anchor.highest("audit_log") is None
    other.keep("audit_log", ChainHead(8, b"eight"))
    assert anchor.highest("audit_log") == ChainHead(8, b"eight")
