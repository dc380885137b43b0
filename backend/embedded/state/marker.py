"""``servers.json`` of a state directory: what runs there, for the next start and for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from backend.embedded.errors import EmbeddedServerError


@dataclass(frozen=True)
class ServerRecord:
    """One server as it was started last."""

    flavour: str
    version: str
    pid: int | None
    """None once it was stopped."""
    background: bool
    """Whether it was to live on without the process that started it."""


@dataclass(frozen=True)
class Marker:
    """Where the sockets are and what was started on them."""

    socket_dir: Path
    servers: Mapping[str, ServerRecord] = field(default_factory=dict)


def read_marker(path: Path) -> Marker | None:
    """The marker; None where no server was ever started."""
    try:
        found = json.loads(path.read_text())
        servers = {name: ServerRecord(**record) for name, record in found["servers"].items()}
        return Marker(Path(found["socket_dir"]), servers)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EmbeddedServerError(f"{path} is damaged ({error}); delete it") from error


def write_marker(path: Path, marker: Marker) -> None:
    """Replace the marker in one step."""
    servers = {name: asdict(record) for name, record in marker.servers.items()}
    text = json.dumps({"socket_dir": str(marker.socket_dir), "servers": servers}, indent=2)
    half = path.with_suffix(".new")
    half.touch(mode=0o600)
    half.write_text(text + "\n")
    half.replace(path)
