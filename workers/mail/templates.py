"""Mails from templates: a folder each with ``subject.txt``, ``body.txt`` and ``body.html`` (escaped)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from backend.domain.errors import PermanentFailure
from backend.domain.text.nearest_name import suggestion

if TYPE_CHECKING:
    from jinja2 import Environment

_PARTS = ("subject.txt", "body.txt", "body.html")
_LONGEST_RENDERED = 2 * 1024 * 1024


class Rendered(NamedTuple):
    """What a template made of its data."""

    subject: str
    text: str
    html: str


class MailTemplates:
    """The templates of one folder, compiled once. What jobs send is data to them, never a template."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment: Environment | None = None

    def render(self, name: str, data: Mapping[str, Any]) -> Rendered:
        """The parts of the template ``name``; raises `PermanentFailure` naming what is missing."""
        from jinja2 import TemplateError

        known = self._names()
        if name not in known:
            raise PermanentFailure(
                f"there is no mail template {name!r} in {self._folder}{suggestion(name, known)}"
            )
        try:
            parts = [self._part(f"{name}/{part}", data) for part in _PARTS]
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise PermanentFailure(
                f"mail template {name!r} does not fit its data: {error}"
            ) from error
        return Rendered(parts[0].strip(), parts[1], parts[2])

    def _part(self, path: str, data: Mapping[str, Any]) -> str:
        if not (self._folder / path).is_file():
            return ""
        template = self._compiled().get_template(path)
        chunks: list[str] = []
        length = 0
        for chunk in template.generate(dict(data)):
            # Plain text: `Markup` would escape whatever it is added to, the template's own HTML too.
            chunks.append(str(chunk))
            length += len(chunk)
            if length > _LONGEST_RENDERED:
                raise ValueError(f"{path} grows over {_LONGEST_RENDERED} characters")
        return "".join(chunks)

    def _names(self) -> list[str]:
        if not self._folder.is_dir():
            return []
        return [path.name for path in self._folder.iterdir() if path.is_dir()]

    def _compiled(self) -> Environment:
        if self._environment is None:
            from jinja2 import FileSystemLoader, StrictUndefined, select_autoescape
            from jinja2.sandbox import ImmutableSandboxedEnvironment

            self._environment = ImmutableSandboxedEnvironment(
                loader=FileSystemLoader(self._folder),
                autoescape=select_autoescape(("html",)),
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
            )
        return self._environment
