"""What became of each schedule of the configuration file, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator

from backend.domain.schedules.schedule_seed import SeedOutcome, SeedReport

_WORDS = {
    SeedOutcome.CREATED: "made as the file says",
    SeedOutcome.CHANGED: "changed to what the file says",
    SeedOutcome.UNCHANGED: "unchanged",
    SeedOutcome.DIFFERS: "somebody changed it, and that stands",
    SeedOutcome.DELETED: "somebody deleted it, so it stays away, though the file has it",
    SeedOutcome.GONE: "not in the file any more, and goes on; to end it: "
    "tally schedules delete {name}",
    SeedOutcome.REFUSED: "refused: {error}",
}


def sync_words(report: SeedReport) -> Iterator[str]:
    """One line about a schedule, and one for each thing that file and database still say differently."""
    words = _WORDS[report.outcome].format(name=report.name, error=report.error)
    yield f"{report.name}: {words}"
    if report.outcome in {SeedOutcome.DELETED, SeedOutcome.GONE}:
        return
    for each in report.differences:
        in_file, in_force = _typed(each.in_file), _typed(each.in_database)
        yield f"  {each.field}: the file says {in_file}; in force is {in_force}"


def _typed(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
