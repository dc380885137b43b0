"""Sheets of paper for texts of all scripts: shaped, in their direction, in a font that has their letters.

Most texts of a report are plain, and shaping costs fifty times what drawing them does: those are drawn
letter by letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import category

from workers.handlers.optional_library import load
from workers.reports.pdf.document import EXTRA, FAMILY, new_document
from workers.reports.text_folding import IDEOGRAPHS, folded

MARGIN, FOOT = 42.0, 12.0
INK, QUIET = "#1f2933", "#5f6b7a"
#: Scripts whose letters stand one after the other, each as it is: Latin, Greek, Cyrillic, and signs.
_PLAIN_RANGES = (
    (0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0x2FF), (0x370, 0x482), (0x48A, 0x52F), (0x2010, 0x2027),
    (0x2030, 0x205E), (0x20A0, 0x20BF), (0x2100, 0x23FF), (0x2500, 0x25FF),
)  # fmt: skip
_KEPT = frozenset("\n\u200c\u200d")
#: Control and format characters, surrogates, and the blanks that are none of the usual.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
_IDEOGRAPH = re.compile(f"[{IDEOGRAPHS}]+")


class Style(NamedTuple):
    """How a text looks."""

    size: float
    bold: bool = False
    color: str = INK


class Paper:
    """A PDF under way. Lengths are points; y grows downwards; texts stand on their baseline."""

    def __init__(
        self, size: tuple[float, float], title: str, made_at: datetime, font: Path | None
    ) -> None:
        self.width, self.height = size
        self.y = MARGIN
        self._title = cleaned(title)
        self._pdf = new_document(size, self._title, made_at, font)
        self._plain = {
            chr(code)
            for first, last in _PLAIN_RANGES
            for code in range(first, last + 1)
            if code in self._pdf.fonts[FAMILY].cmap and code in self._pdf.fonts[f"{FAMILY}B"].cmap
        }
        self._color = ""
        self._others: dict[str, str] = {}
        self._shaped_widths = lru_cache(maxsize=50_000)(self._shaped_width)
        #: Letters that no font at hand can draw.
        self.missing: set[str] = self._pdf.missing
        self.turn()

    @property
    def bottom(self) -> float:
        """Where the last line of a page may end."""
        return self.height - MARGIN - FOOT

    def turn(self) -> None:
        """Begins the next page."""
        if self._pdf.page:
            self._foot()
        self._pdf.add_page()
        self.y = MARGIN

    def reserve(self, height: float) -> None:
        """Begins the next page unless so much is left on this one."""
        if self.y + height > self.bottom and self.y > MARGIN:
            self.turn()

    def to_bytes(self) -> bytes:
        """The whole file."""
        self._foot()
        return bytes(self._pdf.output())

    def close(self) -> None:
        """Lets go of the files of the fonts."""
        for font in self._pdf.fonts.values():
            font.close()

    def put(self, text: str, x: float, y: float, style: Style, anchor: str = "start") -> None:
        """A text that begins, is centred, or ends at a point."""
        if anchor != "start":
            x -= self.measure(text, style) * (0.5 if anchor == "middle" else 1.0)
        self._choose(style)
        if self._plain.issuperset(text):
            self._pdf.text(x, y, text)
        elif self._is_upright(text):
            for run, font, wide in self._runs(text, style):
                self._pdf.set_font(*font, style.size)
                self._pdf.text(x, y, run)
                x += wide
        else:
            self._pdf.set_text_shaping(True, direction=direction_of(text))
            self._pdf.set_xy(x, y - 0.8 * style.size)
            self._pdf.cell(None, style.size, text)
            self._pdf.set_text_shaping(False)

    def measure(self, text: str, style: Style) -> float:
        """How wide a text is."""
        if self._plain.issuperset(text):
            return self._width(text, _font(style), style.size)
        if self._is_upright(text):
            return sum(wide for _, _, wide in self._runs(text, style))
        return self._shaped_widths(text, style.size, style.bold)

    def _width(self, text: str, font: tuple[str, str], size: float) -> float:
        return float(self._pdf.fonts["".join(font)].get_text_width(text, size, None)[1])

    def _is_upright(self, text: str) -> bool:
        """Whether all letters stand side by side as they are, though in several fonts."""
        return self._plain.issuperset(_IDEOGRAPH.sub("", text))

    def _runs(self, text: str, style: Style) -> Iterator[tuple[str, tuple[str, str], float]]:
        """What stands in one font, that font, and its width."""
        for other, letters in groupby(text, self._other_font):
            run = "".join(letters)
            font = (other, "") if other else _font(style)
            yield run, font, self._width(run, font, style.size)

    def _other_font(self, letter: str) -> str:
        if letter not in self._others:
            is_ours = letter in self._plain
            self._others[letter] = "" if is_ours else self._pdf.get_fallback_font(letter) or ""
        return self._others[letter]

    def _shaped_width(self, text: str, size: float, bold: bool) -> float:
        self._pdf.set_font(FAMILY, "B" if bold else "", size)
        self._pdf.set_text_shaping(True, direction=direction_of(text))
        width = self._pdf.get_string_width(text)
        self._pdf.set_text_shaping(False)
        return float(width)

    def fold(self, text: str, width: float, style: Style) -> list[str]:
        """The lines that a text takes, broken between words, or within one that is too long."""
        return folded(text, width, lambda piece: self.measure(piece, style))

    def rule(self, y: float, x: float, until: float, color: str, width: float) -> None:
        """A line across the page."""
        self.stroke([(x, y), (until, y)], color, width)

    def stroke(self, points: Any, color: str, width: float) -> None:
        """A line through points."""
        self._pdf.set_draw_color(color)
        self._pdf.set_line_width(width)
        self._pdf.polyline(points)

    def box(self, x: float, y: float, width: float, height: float, color: str) -> None:
        """A filled rectangle."""
        self._pdf.set_fill_color(color)
        self._pdf.rect(x, y, width, height, style="F")

    def _choose(self, style: Style) -> None:
        self._pdf.set_font(*_font(style), style.size)
        if style.color != self._color:
            self._pdf.set_text_color(style.color)
            self._color = style.color

    def _foot(self) -> None:
        style, y = Style(7.5, color=QUIET), self.height - MARGIN + 6
        self.put(self._title[:100], MARGIN, y, style)
        self.put(str(self._pdf.page), self.width - MARGIN, y, style, "end")


def _font(style: Style) -> tuple[str, str]:
    return FAMILY, "B" if style.bold else ""


def direction_of(text: str) -> str:
    """The direction of a text's first letter that has one: ltr or rtl."""
    bidi = load("fpdf.bidi", extra=EXTRA)
    return "rtl" if bidi.auto_detect_base_direction(text).name == "RTL" else "ltr"


def cleaned(text: str) -> str:
    """``text`` with blanks for what is no letter and no sign; joiners stay, for they shape letters."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter in _KEPT or category(letter) not in _UNSEEN else " " for letter in text
    )
