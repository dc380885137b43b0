"""What a report does not show, told in the file itself and in the job's result."""

from __future__ import annotations

from workers.reports.document import Block, Chart, Document, Table
from workers.reports.plot import MOST_CATEGORIES


def note_of(block: Block, *, draws: bool) -> str:
    """What a block leaves out, as a sentence; nothing when it is whole.

    ``draws`` says whether the format paints charts itself, for which there is room for some categories.
    """
    if isinstance(block, Table) and block.is_cut:
        return f"Only the first {len(block.rows):,} rows are shown."
    if not isinstance(block, Chart):
        return ""
    count = len(block.categories)
    if draws and count > MOST_CATEGORIES:
        of = f"more than {count:,}" if block.is_cut else f"{count:,}"
        return f"Only the first {MOST_CATEGORIES:,} of {of} categories are drawn."
    return f"Only the first {count:,} rows are drawn." if block.is_cut else ""


def left_out(document: Document, *, draws: bool) -> list[str]:
    """What each block leaves out, with its title."""
    notes = [(block, note_of(block, draws=draws)) for block in document.blocks]
    return [
        f"{block.title}: {note}"
        for block, note in notes
        if note and isinstance(block, Table | Chart)
    ]
