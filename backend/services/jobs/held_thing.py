"""What people may hold: a queue, a lane, a job type; some also a tenant."""

from __future__ import annotations

from collections.abc import Sequence

from backend.domain.errors import InvalidOption
from backend.domain.jobs.job_type import JobTypeCatalogue
from backend.domain.jobs.queue_name import QueueName
from backend.domain.text.nearest_name import suggestion

_KINDS = ("queue", "lane", "type")


def held_thing(what: str, catalogue: JobTypeCatalogue, *, also: Sequence[str] = ()) -> str:
    """``queue:<name>``, ``lane:<name>`` or ``type:<name>`` that is there, by its whole name.

    ``also`` names other kinds, whose names are taken as they are. Raises `InvalidRequest`.
    """
    kind, _, name = what.partition(":")
    if kind not in (*_KINDS, *also) or not name:
        *first, last = (f"{each}:<name>" for each in (*_KINDS, *also))
        raise InvalidOption(f"{what!r}: say {', '.join(first)} or {last}")
    if kind == "queue":
        return f"queue:{QueueName.parse(name)}"
    if kind == "type":
        return f"type:{catalogue.get(name).name}"
    if kind == "lane" and name not in catalogue.lanes():
        raise InvalidOption(f"there is no lane {name!r}{suggestion(name, catalogue.lanes())}")
    return what
