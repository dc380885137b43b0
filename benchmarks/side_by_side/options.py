"""What a run is asked for."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.side_by_side.measures import FOR_ALL, FOR_TALLY
from benchmarks.side_by_side.peers import PEERS
from benchmarks.side_by_side.tcp_servers import DEFAULT, EMBEDDED, SHIPPED

BACKLOG = "backlog"
#: How they are asked for.
SERVERS = {"default": DEFAULT, "shipped": SHIPPED, "embedded": EMBEDDED}
MEASURES = (*FOR_ALL, *FOR_TALLY, BACKLOG)
#: Fewer are no figures to publish.
ROUNDS = 5
_QUICK = 0.1


def options(words: list[str] | None = None) -> argparse.Namespace:
    """Read from the command line; what cannot be is refused by name."""
    parser = argparse.ArgumentParser(prog="./benchmarks/run.sh", description=_WHAT)
    parser.add_argument(
        "--rows", type=_names(MEASURES), default=MEASURES, help=f"some of {','.join(MEASURES)}"
    )
    parser.add_argument(
        "--peers", type=_names(tuple(PEERS)), default=(), help=f"some of {','.join(PEERS)}"
    )
    parser.add_argument(
        "--servers", type=_names(tuple(SERVERS)), default=tuple(SERVERS),
        help=f"those that Tally is measured on: some of {','.join(SERVERS)}",
    )  # fmt: skip
    parser.add_argument(
        "--before", metavar="REVISION", help="another revision of Tally, measured in turn"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of each measure: 5, or more")
    parser.add_argument(
        "--quick", dest="scale", action="store_const", const=_QUICK, default=1.0,
        help="a tenth of the jobs: to see that it works, not to publish",
    )  # fmt: skip
    parser.add_argument("--scale", type=float, default=1.0, help="another share of the jobs")
    parser.add_argument("--json", type=Path, help="where to write every value")
    return parser.parse_args(words)


def _names(known: tuple[str, ...]) -> _Names:
    return _Names(known)


class _Names:
    """Words with commas between them."""

    def __init__(self, known: tuple[str, ...]) -> None:
        self._known = known

    def __call__(self, text: str) -> tuple[str, ...]:
        names = tuple(name for name in text.split(",") if name)
        if unknown := [name for name in names if name not in self._known]:
            raise argparse.ArgumentTypeError(
                f"{', '.join(unknown)}: known are {', '.join(self._known)}"
            )
        return names


_WHAT = """Measures Tally, and others beside it, on servers of its own, in turn: medians with the least and
the most of each row."""
