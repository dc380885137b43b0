"""Several processes of one kind on one host: each has a port, and each can be found."""

from __future__ import annotations

import errno
import json
import socket
import struct
import threading
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.telemetry.metrics import metrics_server
from backend.telemetry.metrics.metrics_page import MetricsPage
from backend.telemetry.metrics.metrics_server import ports_from, serve
from backend.telemetry.metrics.metrics_targets import announced
from tests.eventually import eventually
from tests.unit.telemetry.scrape import fetch


def _first_of_three_free() -> int:
    """A port that is free with those after it."""
    while True:
        with ExitStack() as stack:
            probe = stack.enter_context(closing(socket.socket()))
            probe.bind(("127.0.0.1", 0))
            first = int(probe.getsockname()[1])
            try:
                for port in ports_from(first)[1:3]:
                    stack.enter_context(closing(socket.socket())).bind(("127.0.0.1", port))
            except OSError:
                continue
            if len(ports_from(first)) > 3:
                return first


def test_ports_of_one_kind_are_ten_apart_so_that_other_kinds_stay_between_them() -> None:
    workers, schedulers = ports_from(9641), ports_from(9642)

    assert workers[:3] == [9641, 9651, 9661]
    assert set(workers) & set(schedulers) == set()
    assert ports_from(65_530) == [65_530]


def test_who_comes_second_takes_the_next_port() -> None:
    first = _first_of_three_free()
    servers = [serve(lambda: MetricsPage([]), host="127.0.0.1", port=first) for _ in range(3)]

    ports = [server.port for server in servers if server]
    answers = [fetch(port, "/livez")[0] for port in ports]
    for server in servers:
        assert server is not None
        server.close()

    assert ports == ports_from(first)[:3]
    assert answers == [200, 200, 200]


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="there is no IPv6 here")
@pytest.mark.parametrize("host", ["::", "::1"])
def test_addresses_of_either_kind_are_served(host: str) -> None:
    server = serve(lambda: MetricsPage([]), host=host, port=0)
    assert server is not None

    families = [socket.AF_INET6, *([socket.AF_INET] if host == "::" else [])]
    answers = []
    for family in families:
        with closing(socket.socket(family)) as asking:
            asking.connect(("::1" if family is socket.AF_INET6 else "127.0.0.1", server.port))
            asking.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
            answers.append(asking.makefile("rb").read().split(b"\r\n")[0])
    server.close()

    assert answers == [b"HTTP/1.0 200 OK"] * len(families)


def test_who_hangs_up_before_the_answer_leaves_no_traceback(
    capfd: pytest.CaptureFixture[str],
) -> None:
    asked, gone = threading.Event(), threading.Event()

    def reasons() -> list[str]:
        asked.set()
        gone.wait(60)
        return ["x" * 1_000_000]

    server = serve(lambda: MetricsPage([]), host="127.0.0.1", port=0, not_ready=reasons)
    assert server is not None
    with closing(socket.create_connection(("127.0.0.1", server.port))) as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        asking.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
        asked.wait(60)
    gone.set()
    eventually(lambda: not any("process_request" in t.name for t in threading.enumerate()))
    answered = fetch(server.port, "/livez")[0]
    server.close()

    assert answered == 200
    assert "Traceback" not in capfd.readouterr().err


def test_an_address_that_is_not_ours_is_told_at_once() -> None:
    with capture_logs() as logs:
        assert serve(lambda: MetricsPage([]), host="192.0.2.1", port=9641) is None

    assert [line["event"] for line in logs] == ["metrics.not_served"]


def test_each_is_noted_for_prometheus_while_it_serves(tmp_path: Path) -> None:
    folder = tmp_path / "targets"

    with announced(folder, "worker", "127.0.0.1", 9641), announced(folder, "worker", "::1", 9651):
        noted = {path.name: json.loads(path.read_text()) for path in folder.iterdir()}

    assert noted == {
        "worker-9641.json": [{"targets": ["127.0.0.1:9641"], "labels": {"process": "worker"}}],
        "worker-9651.json": [{"targets": ["[::1]:9651"], "labels": {"process": "worker"}}],
    }
    assert list(folder.iterdir()) == []


def test_who_listens_everywhere_is_noted_by_the_name_of_the_host(tmp_path: Path) -> None:
    with announced(tmp_path, "worker", "::", 9641):
        [group] = json.loads((tmp_path / "worker-9641.json").read_text())

    assert group["targets"] == [f"{socket.gethostname()}:9641"]


def test_a_folder_that_cannot_be_written_stops_no_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with capture_logs() as logs, announced(tmp_path / "file", "worker", "127.0.0.1", 9641):
        pass

    assert [line["event"] for line in logs] == ["metrics.not_announced"]


class _Short:
    """A socket at which nobody can be accepted some times: no descriptor is left."""

    def __init__(self, listening: socket.socket, times: int) -> None:
        self._listening = listening
        self._times = times

    def accept(self) -> Any:
        if self._times:
            self._times -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return self._listening.accept()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listening, name)


@pytest.mark.parametrize("times", [0, 2])
def test_who_could_not_be_answered_is_told_of_and_the_next_is_answered(
    times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where he could not even be turned away at once: the thread that answers goes on."""
    monkeypatch.setattr(metrics_server, "_PAUSE_SECONDS", 0.0)
    pages: list[Exception | None] = [ImportError("no code"), *[OSError(errno.EMFILE, "")] * times]

    def make_page() -> MetricsPage:
        trouble = pages.pop(0) if pages else None
        if trouble is not None:
            raise trouble
        return MetricsPage([], "")

    server = serve(make_page, host="127.0.0.1", port=_first_of_three_free())
    assert server is not None
    monkeypatch.setattr(server, "_listening", _Short(server._listening, times))
    try:
        with (
            capture_logs() as lines,
            closing(socket.create_connection(("127.0.0.1", server.port))) as first,
        ):
            first.settimeout(20)
            assert first.recv(1) == b""
        assert fetch(server.port, "/livez") == (200, "ok\n")
    finally:
        server.close()

    assert [line["event"] for line in lines] == ["metrics.not_answered"] * (times + 1)
