"""The library's document: it looks for a font for each letter that the report's own has not."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.domain.errors import PermanentFailure
from workers.handlers.optional_library import load
from workers.reports.pdf.fonts import font_with, plain_and_bold

if TYPE_CHECKING:
    from fpdf import FPDF

FAMILY = "report"
EXTRA = "reports"
#: Joiners and selectors of signs: they belong to the letter before them, whatever font that is in.
_JOINING = frozenset({0x200C, 0x200D, 0xFE0E, 0xFE0F, 0x20E3, *range(0x1F3FB, 0x1F400)})


def new_document(
    size: tuple[float, float], title: str, made_at: datetime, font: Path | None
) -> Any:
    """An empty document with the faces of a report; raises `PermanentFailure` for a font that is none."""
    pdf: Any = _fitting_pdf()(unit="pt", format=size)
    pdf.set_auto_page_break(False)
    # Else the library would put a number of pages where data says {nb}.
    pdf.str_alias_nb_pages = ""
    pdf.c_margin = 0
    pdf.set_title(title)
    pdf.set_author("Tally")
    pdf.set_creation_date(made_at)
    library = load("fontTools.ttLib", extra=EXTRA)
    try:
        if font:
            with font.open("rb") as file:
                library.TTFont(file, fontNumber=0, lazy=True)
        for style, path in zip(("", "B"), plain_and_bold(font), strict=True):
            pdf.add_font(FAMILY, style, path)
            # Looked up among the other fonts instead, so that an emoji and its joiners stay together.
            for code in _JOINING:
                pdf.fonts[f"{FAMILY}{style}"].cmap.pop(code, None)
    except (library.TTLibError, OSError, ValueError) as error:
        raise PermanentFailure(f"report.font cannot be used: {error}") from error
    return pdf


@lru_cache(maxsize=1)
def _fitting_pdf() -> type[FPDF]:
    library = load("fpdf", extra=EXTRA)
    # It warns of tables in a font that no reader of a PDF needs.
    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)

    class Fitting(library.FPDF):  # type: ignore[misc, name-defined]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.missing: set[str] = set()
            self._tried: set[Path] = set()
            self._added: list[str] = []
            self._last: str | None = None

        def get_fallback_font(self, char: str, style: str = "") -> str | None:
            if ord(char) in _JOINING:
                return self._last
            self._last = super().get_fallback_font(char, style) or self._add(char)
            return self._last

        def _add(self, char: str) -> str | None:
            while path := font_with(ord(char), but=self._tried):
                self._tried.add(path)
                name = f"other{len(self._tried)}"
                try:
                    self.add_font(name, "", path)
                except (library.errors.FPDFException, LookupError, AttributeError, ValueError):
                    # Whatever lies in the system's folders: the next font may have the letter too.
                    continue
                self._added.append(name)
                self.set_fallback_fonts(self._added, exact_match=False)
                return name
            self.missing.add(char)
            return None

    return Fitting
