"""Fonts for the letters of all scripts: ours first, then the installed packages', then the system's."""

from __future__ import annotations

from collections.abc import Container, Iterator
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from unicodedata import category

from workers.handlers.optional_library import load

#: Packages of nothing but fonts, which the extra `reports` brings: Noto for many scripts, and for Chinese,
#: Japanese and Korean.
_PACKAGES = ("manimgx_fonts", "noto_cjk_sans_jp_regular")
_FOLDERS = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "/Library/Fonts",
    "/System/Library/Fonts",
)  # fmt: skip
_KINDS = frozenset({".ttf", ".otf", ".ttc"})
#: Faces that a text falls back to only when nothing plainer has the letter.
_ODD = ("italic", "oblique", "bold", "mono", "serif", "light", "thin", "black")


def plain_and_bold(font: Path | None) -> tuple[Path, Path]:
    """The two faces that a report is set in; a font of one's own has one."""
    ours = Path(str(files("workers.reports"))) / "fonts"
    return (font, font) if font else (ours / "DejaVuSans.ttf", ours / "DejaVuSans-Bold.ttf")


def font_with(letter: int, but: Container[Path]) -> Path | None:
    """The first font, ``but`` for some, that can draw a letter which the report's own cannot."""
    if category(chr(letter)) == "Co":
        # For private use: what another font draws there is another sign.
        return None
    fitting = (path for path in _others() if path not in but and letter in _letters(path))
    return next(fitting, None)


@lru_cache(maxsize=1)
def _others() -> tuple[Path, ...]:
    ours = plain_and_bold(None)[0]
    return (ours, *_below(_package_folders()), *_below(Path(each) for each in _FOLDERS))


def _package_folders() -> Iterator[Path]:
    for name in _PACKAGES:
        found = find_spec(name)
        if found is not None and found.origin:
            yield Path(found.origin).parent


def _below(folders: Iterator[Path]) -> list[Path]:
    found = [
        path
        for folder in folders
        for path in sorted(folder.expanduser().rglob("*"))
        if path.suffix.lower() in _KINDS
    ]
    return sorted(found, key=_oddness)


def _oddness(path: Path) -> int:
    return sum(word in path.name.lower() for word in _ODD)


@lru_cache(maxsize=1000)
def _letters(path: Path) -> frozenset[int]:
    """What a font can draw; nothing when it cannot be read or holds pictures instead of outlines."""
    library = load("fontTools.ttLib", extra="reports")
    try:
        with path.open("rb") as file, library.TTFont(file, fontNumber=0, lazy=True) as font:
            has_outlines = "glyf" in font or "CFF " in font
            return frozenset(font.getBestCmap() or ()) if has_outlines else frozenset()
    except (library.TTLibError, OSError, AssertionError, ValueError, LookupError):
        # Any file may lie in a folder of fonts: one that is none is passed over.
        return frozenset()
