"""Names of queues as people type them: one that does not exist is refused, not found empty."""

from __future__ import annotations

from backend.bootstrap.current import platform
from backend.domain.errors import UnknownPriority
from backend.domain.jobs.queue_name import DEFAULT_LANE, queues_of
from backend.domain.text.nearest_name import suggestion


def known_queue(name: str) -> str:
    """The queue called ``name``; raises `UnknownPriority` naming the nearest one."""
    parts = platform()
    # Without its lane's name `normal:default` is `normal`, which is what jobs carry.
    plain = name.removesuffix(f":{DEFAULT_LANE}")
    made = {str(queue) for queue in queues_of(parts.catalogue.lanes())}
    # A lane whose job types are gone may still hold jobs, so what Redis has seen counts too.
    known = made | set(parts.inspection.queue_names())
    if plain not in known:
        near = suggestion(plain, known)
        raise UnknownPriority(
            f"there is no queue {name!r}{near or '; tally queues list --all names them'}"
        )
    return plain
