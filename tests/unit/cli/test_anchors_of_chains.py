"""`tally doctor` tells where the audit chains do not reach what the anchor file has of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from backend.cli.checks.audit import check_anchors
from backend.cli.checks.finding import Finding, ok, warning, wrong
from backend.domain.audit.audit_chain import ChainProblem
from backend.domain.errors import HistoryUnavailable
from backend.services.access.audit_service import AuditService


class Log:
    """An audit log whose chains have these shortfalls."""

    def __init__(self, *problems: ChainProblem) -> None:
        self._problems = problems

    def behind_anchors(self) -> list[ChainProblem]:
        """Those, or that Postgres is away."""
        if not self._problems:
            return []
        if not self._problems[0].number:
            raise HistoryUnavailable("away")
        return list(self._problems)


def _said(log: Any, file: Path | None) -> list[Finding]:
    return list(check_anchors(cast(AuditService, log), file))


def test_a_chain_that_ends_below_its_anchor_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "anchor.jsonl"
    file.touch()
    short = ChainProblem("audit_log", 10, "it ends at row 7, and row 10 was kept elsewhere")

    assert _said(Log(short), file) == [
        wrong(
            "chain_behind_anchor",
            "audit_log: it ends at row 7, and row 10 was kept elsewhere; nothing more of it is anchored "
            "until it is longer",
            "its end was cut off, or an older copy of the database was put back: tally audit verify "
            "names what is missing; after a restore begin a new anchor file, docs/how-to/restore.md",
        )
    ]
    assert _said(Log(), file) == [
        ok("anchor_file", f"the audit chains reach what {file} has of them")
    ]


def test_a_file_that_cannot_be_read_is_a_warning_and_none_that_is_set_is_nothing(
    tmp_path: Path,
) -> None:
    file = tmp_path / "anchor.jsonl"

    assert _said(Log(), file) == [
        warning(
            "anchor_file_unreadable",
            f"the anchor file {file} cannot be read: No such file or directory",
            "look on the recorder's host, with an account that may read it: without it nobody sees "
            "whether an end of the audit log was cut off",
        )
    ]
    assert _said(Log(), None) == []
    file.touch()
    assert _said(Log(ChainProblem("audit_log", 0, "")), file) == []
