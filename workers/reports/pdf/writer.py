"""Reports as PDF, from Python packages alone. Texts are drawn as they are, never read as markup."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from workers.reports.document import Block, Chart, Document, Figures, Paragraph, Table
from workers.reports.left_out import left_out, note_of
from workers.reports.pdf.figures import write_figures
from workers.reports.pdf.paper import MARGIN, QUIET, Paper, Style, cleaned, direction_of
from workers.reports.pdf.table import LONGEST, TableWriter
from workers.reports.plot import HEIGHT, WIDTH, Box, Label, Shape, shapes_of
from workers.reports.shown_values import shown

_A4 = (595.28, 841.89)
_TITLE, _BLOCK_TITLE = Style(18.0, bold=True), Style(11.5, bold=True)
_BODY, _QUIET = Style(9.0), Style(8.0, color=QUIET)
_CHART_TEXT = 9.0
#: More columns than this are easier to read across the long side of the page.
_NARROW_COLUMNS = 8
_MOST_NAMED = 20


def write_pdf(document: Document, file: BinaryIO, font: Path | None = None) -> list[str]:
    """Writes the document on A4, with its title and the page's number at the foot of each.

    Answers what it left out; raises `PermanentFailure` where a font or a table does not fit.
    """
    is_wide = any(
        isinstance(block, Table) and len(block.headings) > _NARROW_COLUMNS
        for block in document.blocks
    )
    size = (_A4[1], _A4[0]) if is_wide else _A4
    with closing(Paper(size, document.title, document.made_at, font)) as paper:
        story = _Story(paper)
        story.write(document)
        file.write(paper.to_bytes())
    return left_out(document, draws=True) + story.left_out()


class _Story:
    """Puts one block after the other onto paper."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper
        self._tables = TableWriter(paper)
        self._width = paper.width - 2 * MARGIN

    def write(self, document: Document) -> None:
        self._text(document.title, _TITLE)
        if document.description:
            self._text(document.description, _QUIET)
        said = [f"{name}: {shown(value)}" for name, value in document.values]
        self._text(" · ".join([*said, f"made {shown(document.made_at)}"]), _QUIET)
        self._paper.y += 10
        for block in document.blocks:
            self._block(block)

    def left_out(self) -> list[str]:
        """What the paper has no room or no glyph for."""
        notes = []
        if self._tables.shortened:
            notes.append(
                f"{self._tables.shortened:,} cells of more than {LONGEST} letters end in …; the other "
                "formats hold all of them."
            )
        if self._paper.missing:
            letters = sorted(self._paper.missing)
            named = " ".join(f"{letter} (U+{ord(letter):04X})" for letter in letters[:_MOST_NAMED])
            more = f" and {len(letters) - _MOST_NAMED:,} more" if len(letters) > _MOST_NAMED else ""
            notes.append(f"No font has a glyph for {named}{more}; name one with report.font.")
        return notes

    def _text(self, text: str, style: Style) -> None:
        leading = style.size * 1.4
        for paragraph in cleaned(text).split("\n"):
            is_mirrored = bool(paragraph) and direction_of(paragraph) == "rtl"
            x, anchor = (self._paper.width - MARGIN, "end") if is_mirrored else (MARGIN, "start")
            for line in self._paper.fold(paragraph, self._width, style):
                self._paper.reserve(leading)
                self._paper.put(line, x, self._paper.y + style.size, style, anchor)
                self._paper.y += leading

    def _block(self, block: Block) -> None:
        if isinstance(block, Paragraph):
            self._text(block.text, _BODY)
            self._paper.y += 4
            return
        chart_height = HEIGHT * self._width / WIDTH
        self._paper.reserve(34 + (chart_height if isinstance(block, Chart) else 40))
        if block.title:
            self._paper.y += 14
            self._text(block.title, _BLOCK_TITLE)
            self._paper.y += 4
        if isinstance(block, Figures):
            write_figures(self._paper, block)
        elif isinstance(block, Chart):
            self._chart(block, self._width / WIDTH)
        elif block.rows:
            self._tables.write(block)
        else:
            self._text(block.empty, _QUIET)
        note = note_of(block, draws=True)
        if note:
            self._paper.y += 4
            self._text(note, _QUIET)

    def _chart(self, chart: Chart, scale: float) -> None:
        for shape in shapes_of(chart):
            self._paint(shape, self._paper.y, scale)
        self._paper.y += HEIGHT * scale

    def _paint(self, shape: Shape, top: float, scale: float) -> None:
        paper = self._paper
        if isinstance(shape, Box):
            x, y = MARGIN + shape.x * scale, top + shape.y * scale
            paper.box(x, y, shape.width * scale, shape.height * scale, shape.color)
        elif isinstance(shape, Label):
            style = Style(_CHART_TEXT * scale, color=shape.color)
            x, y = MARGIN + shape.x * scale, top + shape.y * scale
            paper.put(cleaned(shape.text).replace("\n", " "), x, y, style, shape.anchor)
        else:
            points = [(MARGIN + x * scale, top + y * scale) for x, y in shape.points]
            paper.stroke(points, shape.color, shape.width * scale)
