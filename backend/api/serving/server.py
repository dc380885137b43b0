"""The production server: gunicorn with threads, from settings, on loopback unless told otherwise."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, cast

import structlog
from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]
from gunicorn.http import wsgi  # type: ignore[import-untyped]

from backend.api.config.api_settings import ApiSettings
from backend.api.serving.embedded_worker import EmbeddedWorker
from backend.api.serving.patient_worker import take_no_notice
from backend.domain.errors import ConfigurationError

log = structlog.get_logger("tally.api")

_KEEPALIVE = 15
#: A worker process that shows no life for so long is replaced.
_SILENT = 60
#: Files of a web process beside connections and what is sent on them.
_OTHER_FILES = 512
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where the heartbeat file costs no disk


def serve(
    settings: ApiSettings,
    make_app: Callable[[], Flask],
    make_worker: Callable[[], EmbeddedWorker | None] = lambda: None,
    *,
    worker_grace: float = 0.0,
) -> None:
    """Serves until SIGTERM or SIGINT, finishes the requests that run, and returns.

    ``make_app`` and ``make_worker`` are called in each web process, after it was forked, so that no
    two share a connection. ``worker_grace`` is how long the worker inside may take to stop.
    """
    _allow_open_files(2 * settings.connections + _OTHER_FILES)
    # Which server it is tells only those something who look for its holes.
    wsgi.SERVER = "tally"
    server, arbiter = _Server(settings, make_app, make_worker, worker_grace), os.getpid()
    try:
        server.run()
    except SystemExit as ending:
        if os.getpid() != arbiter:
            _leave_child(ending)
        if ending.code:
            raise


def _allow_open_files(wanted: int) -> None:
    """As many as the system lets us have: a connection is one, and a file that is sent is another."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _leave_child(ending: SystemExit) -> NoReturn:
    """A web process is a fork: what our caller does at its end is not its to do."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ending.code if isinstance(ending.code, int) else 0)


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(
        self,
        settings: ApiSettings,
        make_app: Callable[[], Flask],
        make_worker: Callable[[], EmbeddedWorker | None],
        worker_grace: float,
    ) -> None:
        self.settings = settings
        self._make_app = make_app
        self._make_worker = make_worker
        self._worker_grace = worker_grace
        self._app: Flask | None = None
        self._worker: EmbeddedWorker | None = None
        super().__init__()

    def load_config(self) -> None:
        """gunicorn's settings, from ours."""
        for name, value in self._configuration().items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called in each web process. One that cannot be wired ends the server, with a sentence."""
        try:
            self._app = self._make_app()
        except ConfigurationError as error:
            print(f"tally: {error} [{error.code}]", file=sys.stderr)
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
        return self._app

    def _configuration(self) -> dict[str, Any]:
        settings = self.settings
        return {
            "bind": f"{settings.host}:{settings.port}",
            "worker_class": "backend.api.serving.patient_worker.PatientWorker",
            "workers": settings.processes,
            "threads": settings.threads,
            "worker_connections": settings.connections,
            "keepalive": _KEEPALIVE,
            "timeout": _SILENT,
            # The arbiter's patience: longer than what the web processes themselves wait.
            "graceful_timeout": int(settings.graceful_timeout + self._worker_grace + 10),
            "limit_request_line": 8190,
            "limit_request_fields": 100,
            "worker_tmp_dir": str(_SHARED_MEMORY) if _SHARED_MEMORY.is_dir() else None,
            "control_socket_disable": True,
            "forwarded_allow_ips": "",
            "proc_name": "tally-api",
            "logger_class": "backend.api.serving.server_logs.ServerLogs",
            "when_ready": self._ready,
            "post_worker_init": self._begin,
            "worker_exit": self._end,
        }

    def _ready(self, arbiter: Any) -> None:
        # gunicorn starts its web processes anew at a hang-up; a closed terminal is no reason.
        signal.signal(signal.SIGHUP, take_no_notice)
        for listener in arbiter.LISTENERS:
            log.info("api.listening", address=str(listener), processes=self.settings.processes)

    def _begin(self, web_process: Any) -> None:
        """In a web process, before its first request."""
        web_process.cfg.set("graceful_timeout", int(self.settings.graceful_timeout))
        self._worker = self._make_worker()
        if self._worker is None:
            return
        self._worker.start()
        leave = web_process.handle_exit

        def handle_exit(*args: Any) -> None:
            # Both stop at the same time: requests and jobs.
            cast(EmbeddedWorker, self._worker).ask_to_stop()
            leave(*args)

        signal.signal(signal.SIGTERM, handle_exit)

    def _end(self, _arbiter: Any, _web_process: Any) -> None:
        """In a web process, after its last request."""
        if self._worker is not None:
            self._worker.stop()
        if self._app is not None:
            self._app.extensions["tally-app-state"].close()
        log.info("api.stopped", pid=os.getpid())
