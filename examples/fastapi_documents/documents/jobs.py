"""What workers do with documents."""

from __future__ import annotations

from collections import Counter

from pydantic import BaseModel

from documents import store
from tally import JobContext, PermanentFailure, job_type


class Document(BaseModel):
    """A document by its name. Its content stays where it is: payloads are small."""

    name: str


class Words(BaseModel):
    """What was counted."""

    words: int
    most_frequent: list[str]


@job_type("count_words", timeout=60)
def count_words(payload: Document, context: JobContext) -> Words:
    """Counts the words of a document."""
    text = store.read(payload.name)
    if text is None:
        raise PermanentFailure(f"there is no document {payload.name!r}")
    lines = text.splitlines()
    counted = Counter[str]()
    for done, line in enumerate(lines, 1):
        counted.update(line.lower().split())
        context.progress(done, len(lines), "lines")
    frequent = [word for word, _ in counted.most_common(3)]
    return Words(words=counted.total(), most_frequent=frequent)
