"""JSON as a database holds it: passed through letter by letter, never read and written anew."""

from __future__ import annotations


class JsonText(str):
    """A JSON document. Reading it would lose doubled keys, digits, and numbers beyond a float."""

    __slots__ = ()

    def on_one_line(self) -> str:
        """The same document without line breaks, which JSON has between its tokens only."""
        return self.replace("\r", " ").replace("\n", " ") if "\n" in self or "\r" in self else self
