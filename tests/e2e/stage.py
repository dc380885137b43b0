"""The whole platform for a browser: servers, web process, recorder and scheduler, all real."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from werkzeug.serving import WSGIRequestHandler, make_server

from backend.api.app import create_app
from backend.api.config.api_settings import ApiSettings
from backend.api.config.dashboard_settings import DashboardSettings
from backend.api.config.settings import load_settings
from backend.bootstrap.api_parts import api_parts
from backend.bootstrap.platform import Platform
from backend.bootstrap.record_parts import event_stream, recorder_loops
from backend.bootstrap.schedule_parts import scheduler_loops
from backend.bootstrap.web_parts import wired_pages
from backend.domain.access.role import Role
from backend.history.recording.record_writer import PostgresRecordWriter
from backend.loops.loop import Loop
from backend.loops.recorder import Recorder
from workers.artifacts.local_store import LocalStore

BOOTSTRAP = "bootstrap-key-of-the-stage"


class Stage:
    """Started as a context; `url` is where the dashboard is."""

    def __init__(
        self,
        redis_url: str,
        database_url: str,
        folder: Path,
        *,
        prefix: str = "stage",
        api: dict[str, Any] | None = None,
        **dashboard: Any,
    ) -> None:
        self._keys: Counter[Role] = Counter()
        self.platform = Platform(
            load_settings(
                redis_url=redis_url,
                database_url=database_url,
                redis={"prefix": prefix},
                job_packages=("tests.e2e.job_types",),
                api=ApiSettings.model_validate(
                    {
                        "bootstrap_key": BOOTSTRAP,
                        "access_log": False,
                        "rates": {"address_per_second": 0},
                        **(api or {}),
                    }
                ),
                dashboard=DashboardSettings.model_validate({"refresh_seconds": 1} | dashboard),
                artifacts={"folder": folder},
            )
        )
        self.load()
        self.parts = api_parts(self.platform)
        self.app = create_app(self.parts, pages=wired_pages(self.platform, self.parts))
        self._server = make_server("127.0.0.1", 0, self.app, threaded=True, request_handler=_Quiet)
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._server.serve_forever, daemon=True)]
        self._loops: list[Loop] = []
        self.artifacts = LocalStore(
            folder, retention=timedelta(days=1), now=self.platform.clock.now
        )

    @property
    def url(self) -> str:
        """Where the dashboard is."""
        return f"http://127.0.0.1:{self.port}/dashboard/jobs"

    @property
    def port(self) -> int:
        """Where the web process listens."""
        return int(self._server.server_port)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join(10)
        for loop in self._loops:
            with suppress(Exception):
                loop.close()
        self.app.extensions["tally-app-state"].close()
        self.platform.close()

    def load(self) -> None:
        """Puts the functions into Redis."""
        self.platform.load_library()

    def run_loops(self) -> None:
        """The recorder and the scheduler go on by themselves from now on."""
        self._loops = [
            *recorder_loops(self.platform, "stage"),
            *scheduler_loops(self.platform, "stage"),
        ]
        for loop in self._loops:
            thread = threading.Thread(target=loop.run, args=(self._over,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def record(self) -> None:
        """Records what has happened until now, while no loop runs."""
        stream = event_stream(self.platform, "by-hand")
        writer = PostgresRecordWriter(self.platform.history_engine)
        recorder = Recorder(stream, writer, self.platform.clock, batch=2000, patience=0.01)
        while recorder.record_batch():
            pass

    def token(self, role: Role, **options: Any) -> str:
        """A new key of a role."""
        self._keys[role] += 1
        name = f"a {role}" + (f" {self._keys[role]}" if self._keys[role] > 1 else "")
        return self.parts.keys.create(name, role, by="the stage", **options).token


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the signature is werkzeug's
        """Tests have enough to say."""
