"""Reports as one HTML page that loads nothing and runs nothing."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any, BinaryIO

from workers.reports.document import Chart, Document, Figures, Paragraph, Table
from workers.reports.left_out import left_out, note_of
from workers.reports.plot import HEIGHT, WIDTH, Box, Label, Shape, Stroke, shapes_of
from workers.reports.shown_values import is_number, shown

if TYPE_CHECKING:
    from jinja2 import Template

#: Letters that every column has room for.
_SHORT = 24


def write_html(document: Document, file: BinaryIO, _font: Any = None) -> list[str]:
    """Writes the page; answers what it left out."""
    kinds = {Paragraph: "paragraph", Figures: "figures", Table: "table", Chart: "chart"}
    page = _template().render(
        document=document,
        blocks=[(kinds[type(block)], block) for block in document.blocks],
        shown=shown,
        is_number=is_number,
        breaks=breaks,
        svg=svg_of,
        note=lambda block: note_of(block, draws=True),
    )
    file.write(page.encode("utf-8", "replace"))
    return left_out(document, draws=True)


def breaks(text: str) -> str:
    """The class of a cell, by where its text may break.

    Were every cell free to break anywhere, one with long text would leave no room for short words.
    """
    if len(text) <= _SHORT:
        return "whole"
    return "anywhere" if max(map(len, text.split()), default=0) > _SHORT else "words"


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    text = files("workers.reports").joinpath("page.html").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(text)


def svg_of(chart: Chart) -> Any:
    """A chart as markup that is safe to put into a page: every text in it is escaped here."""
    from markupsafe import Markup

    painted = "".join(_painted(shape) for shape in shapes_of(chart))
    return Markup(  # noqa: S704 - escaped below, piece by piece
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(chart.title)}">'
        f"{painted}</svg>"
    )


def _painted(shape: Shape) -> str:
    if isinstance(shape, Box):
        hint = f"<title>{escape(shape.hint)}</title>" if shape.hint else ""
        return (
            f'<rect x="{shape.x:.1f}" y="{shape.y:.1f}" width="{shape.width:.1f}" '
            f'height="{shape.height:.1f}" fill="{shape.color}">{hint}</rect>'
        )
    if isinstance(shape, Stroke):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
        return (
            f'<polyline points="{points}" fill="none" stroke="{shape.color}" '
            f'stroke-width="{shape.width:g}"/>'
        )
    return _label(shape)


def _label(label: Label) -> str:
    return (
        f'<text x="{label.x:.1f}" y="{label.y:.1f}" text-anchor="{label.anchor}" '
        f'fill="{label.color}">{escape(label.text)}</text>'
    )
