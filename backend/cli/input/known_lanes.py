"""Names of lanes as people type them: one that does not exist is refused, not found empty."""

from __future__ import annotations

from backend.bootstrap.current import platform
from backend.domain.errors import InvalidOption
from backend.domain.text.nearest_name import suggestion


def known_lane(name: str) -> str:
    """The lane called ``name``; raises `InvalidOption` naming the nearest one."""
    parts = platform()
    # Workers of a lane whose job types are gone may still be at work.
    served = {lane for worker in parts.worker_service.all() for lane in worker.lane.split(",")}
    known = sorted(served | set(parts.catalogue.lanes()))
    if name not in known:
        near = suggestion(name, known) or f"; there are {', '.join(known)}"
        raise InvalidOption(f"there is no lane {name!r}{near}", field="lane")
    return name
