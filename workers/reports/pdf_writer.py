"""Reports as PDF, from Python packages alone. Texts are drawn as they are, never read as markup."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any, BinaryIO

from backend.domain.errors import PermanentFailure
from workers.optional_library import load
from workers.reports.document import Block, Chart, Document, Figures, Paragraph, Table
from workers.reports.pdf_table import TableMaker
from workers.reports.plot import HEIGHT, WIDTH, Box, Label, Shape, shapes_of
from workers.reports.shown_values import shown

_EXTRA = "reports"
_MARGIN = 42.0
_INK, _QUIET = "#1f2933", "#5f6b7a"
_PLAIN, _BOLD = "TallyText", "TallyBold"
#: More columns than this are easier to read across the long side of the page.
_NARROW_COLUMNS = 8


def write_pdf(document: Document, file: BinaryIO, font: Path | None = None) -> None:
    """Writes the document on A4, with its title and the page's number at the foot of each."""
    _register_fonts(font)
    pages = load("reportlab.lib.pagesizes", extra=_EXTRA)
    platypus = load("reportlab.platypus", extra=_EXTRA)
    is_wide = any(
        isinstance(block, Table) and len(block.headings) > _NARROW_COLUMNS
        for block in document.blocks
    )
    size = pages.landscape(pages.A4) if is_wide else pages.A4
    template = platypus.SimpleDocTemplate(
        file, pagesize=size, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN,
        bottomMargin=_MARGIN + 12, title=printable(document.title), author="Tally", invariant=1,
    )  # fmt: skip
    story = list(_Story(size[0] - 2 * _MARGIN).of(document))
    foot = _foot(printable(document.title))
    template.build(story, onFirstPage=foot, onLaterPages=foot)


def printable(text: str) -> str:
    """``text`` without characters that have no glyph and no meaning on paper."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def _register_fonts(font: Path | None) -> None:
    """Fonts that hold more than Latin-1; they are embedded, so that every reader shows the same."""
    metrics = load("reportlab.pdfbase.pdfmetrics", extra=_EXTRA)
    fonts = load("reportlab.pdfbase.ttfonts", extra=_EXTRA)
    paths = (font, font) if font else ("Vera.ttf", "VeraBd.ttf")
    try:
        for name, path in zip((_PLAIN, _BOLD), paths, strict=True):
            metrics.registerFont(fonts.TTFont(name, str(path)))
    except (fonts.TTFError, OSError) as error:
        raise PermanentFailure(f"report.font cannot be used: {error}") from error


def _foot(title: str) -> Any:
    def draw(canvas: Any, template: Any) -> None:
        canvas.saveState()
        canvas.setFont(_PLAIN, 7.5)
        canvas.setFillColor(_QUIET)
        canvas.drawString(_MARGIN, _MARGIN - 6, title[:100])
        canvas.drawRightString(
            template.pagesize[0] - _MARGIN, _MARGIN - 6, str(canvas.getPageNumber())
        )
        canvas.restoreState()

    return draw


class _Story:
    """The document as reportlab's flowing pieces."""

    def __init__(self, width: float) -> None:
        self._width = width
        self._platypus = load("reportlab.platypus", extra=_EXTRA)
        self._tables = TableMaker(width, plain=_PLAIN, bold=_BOLD)
        style = load("reportlab.lib.styles", extra=_EXTRA).ParagraphStyle
        self._styles = {
            "title": style("title", fontName=_BOLD, fontSize=18, leading=23, textColor=_INK),
            "heading": style(
                "heading", fontName=_BOLD, fontSize=11.5, leading=15, spaceBefore=14, spaceAfter=4,
                textColor=_INK, keepWithNext=1,
            ),
            "body": style("body", fontName=_PLAIN, fontSize=9, leading=13, textColor=_INK),
            "quiet": style("quiet", fontName=_PLAIN, fontSize=8, leading=12, textColor=_QUIET),
        }  # fmt: skip

    def of(self, document: Document) -> Iterator[Any]:
        yield self._text(document.title, "title")
        if document.description:
            yield self._text(document.description, "quiet")
        said = [f"{name}: {shown(value)}" for name, value in document.values]
        yield self._text(" · ".join([*said, f"made {shown(document.made_at)}"]), "quiet")
        yield self._platypus.Spacer(1, 10)
        for block in document.blocks:
            yield from self._block(block)

    def _text(self, text: str, style: str) -> Any:
        # Escaped: reportlab reads tags in a paragraph, some of which load files.
        escaped = escape(printable(text), quote=False).replace("\n", "<br/>")
        return self._platypus.Paragraph(escaped, self._styles[style])

    def _block(self, block: Block) -> Iterator[Any]:
        if isinstance(block, Paragraph):
            yield self._text(block.text, "body")
            return
        if block.title:
            yield self._text(block.title, "heading")
        if isinstance(block, Figures):
            yield self._tables.figures(block)
        elif isinstance(block, Chart):
            yield self._chart(block)
        elif block.rows:
            yield self._tables.table(block)
            if block.is_cut:
                yield self._text(f"Only the first {len(block.rows)} rows are shown.", "quiet")
        else:
            yield self._text(block.empty, "quiet")

    def _chart(self, chart: Chart) -> Any:
        drawing = load("reportlab.graphics.shapes", extra=_EXTRA).Drawing(
            self._width, HEIGHT * self._width / WIDTH
        )
        group = load("reportlab.graphics.shapes", extra=_EXTRA).Group()
        group.scale(self._width / WIDTH, self._width / WIDTH)
        for shape in shapes_of(chart):
            group.add(_painted(shape))
        drawing.add(group)
        return drawing


def _painted(shape: Shape) -> Any:
    """reportlab's y grows upwards."""
    shapes = load("reportlab.graphics.shapes", extra=_EXTRA)
    color = load("reportlab.lib.colors", extra=_EXTRA).HexColor(shape.color)
    if isinstance(shape, Box):
        y = HEIGHT - shape.y - shape.height
        return shapes.Rect(shape.x, y, shape.width, shape.height, fillColor=color, strokeColor=None)
    if isinstance(shape, Label):
        return shapes.String(
            shape.x, HEIGHT - shape.y, printable(shape.text), textAnchor=shape.anchor,
            fontName=_PLAIN, fontSize=9, fillColor=color,
        )  # fmt: skip
    points = [number for x, y in shape.points for number in (x, HEIGHT - y)]
    return shapes.PolyLine(points, strokeColor=color, strokeWidth=shape.width)
