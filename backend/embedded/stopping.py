"""Ending the servers of a state directory, whoever started them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from backend.embedded.server import EmbeddedServer
from backend.embedded.state.socket_folder import remove_socket_folder
from backend.embedded.state.state_directory import StateDirectory


def stop_servers(state_dir: Path) -> list[str]:
    """Stop what runs in a state directory, also in the background; the names of what ran."""
    state = StateDirectory(state_dir)
    if not state.root.exists():
        return []
    with state.alone():
        running = [server for server in state.servers() if server.is_running()]
        stop_all(state, running)
    return [server.name for server in running]


def stop_all(state: StateDirectory, servers: Iterable[EmbeddedServer]) -> None:
    """Stop each of the servers, even if one of them fails to; the caller holds the directory."""
    with ExitStack() as stack:
        stack.callback(_tidy, state)
        for server in servers:
            stack.callback(_stop, state, server)


def _stop(state: StateDirectory, server: EmbeddedServer) -> None:
    server.stop()
    state.record(server)


def _tidy(state: StateDirectory) -> None:
    marker = state.marker()
    if marker is not None and not any(server.is_running() for server in state.servers()):
        remove_socket_folder(marker.socket_dir)
