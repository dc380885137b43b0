"""The processes of a deployment: workers, scheduler, recorder."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import click
import structlog

from backend.api.config.api_settings import ApiSettings
from backend.api.config.settings_file import find_file
from backend.bootstrap.current import platform
from backend.bootstrap.hosts.supervisor_settings import supervisor_spec
from backend.bootstrap.metrics_parts import recorder_metrics
from backend.bootstrap.platform import Platform
from backend.bootstrap.scratch_folder import find_scratch_folder
from backend.cli.input.completing import a_lane
from backend.cli.input.given_text import GIVEN, GivenPath
from backend.cli.input.stopping import stop_event_on_signals
from backend.domain.errors import ConfigurationError, Unavailable
from backend.domain.text.nearest_name import suggestion
from backend.loops.loop import Loop
from backend.telemetry.logs.lossy_streams import lose_lines
from backend.telemetry.logs.set_up import set_up_logs
from backend.telemetry.metrics.metrics_place import count_folder
from workers.runtime import stop_signals
from workers.runtime.ending import end_with_vital_threads, vital
from workers.runtime.green_threads import refuse_green_threads
from workers.runtime.own_program import own_program
from workers.runtime.supervision.supervisor_spec import SupervisorSpec

_LAST_PORT = 65_535


def _started(process: str) -> Platform:
    stop_signals.outlive_the_terminal()
    lose_lines()
    parts = platform()
    log = parts.settings.log
    set_up_logs(**log.said(), process=process)
    _say_where_settings_are()
    _refuse_others(parts)
    return parts


def _refuse_others(parts: Platform) -> None:
    """Raises `ConfigurationError` where Redis is shared with RQ, or is one that never serves."""
    # Who starts before Redis waits for it as ever; the first who enqueues there looks again.
    with suppress(Unavailable):
        parts.refuse_others()


def _say_where_settings_are() -> None:
    """The nearest file counts: who started in another folder sees here that it was not theirs."""
    file = find_file(os.environ)
    structlog.get_logger("tally").info("settings.read", file=str(file or "none"))


@click.command()
@click.argument("lanes", nargs=-1, shell_complete=a_lane)
@click.option("--processes", type=click.IntRange(1), help="Worker processes per lane.")
@click.option("--concurrency", type=click.IntRange(1, 1000), help="Slots of each process.")
@click.option("--together", is_flag=True, help="Each process serves all of the lanes.")
@click.option("--pid-file", type=GivenPath(path_type=Path), help="Where to write the process id.")
@click.option("--reload", is_flag=True, help="Start again when code or settings change.")
@click.option(
    "--watch", multiple=True, type=GivenPath(path_type=Path),
    help="With --reload: one more folder whose changes count.",
)  # fmt: skip
def worker(
    lanes: tuple[str, ...],
    *,
    processes: int | None,
    concurrency: int | None,
    together: bool,
    pid_file: Path | None,
    reload: bool,
    watch: tuple[Path, ...],
) -> None:
    """Runs worker processes for LANES (default: all) under a supervisor, until stopped.

    \b
    Examples:
      tally worker                      every lane
      tally worker email --processes 2  two processes for mails
      tally worker --together           one process for every lane
      tally worker --reload             starts again when code changes
    """
    if reload:
        asked = {"--processes": processes, "--concurrency": concurrency, "--pid-file": pid_file}
        _reload(lanes, asked, watch, together=together)
    find_scratch_folder()
    parts = _started("supervisor")
    chosen = _chosen(parts, lanes)
    refuse_green_threads()
    _become_supervisor(
        supervisor_spec(
            parts,
            chosen,
            processes=processes,
            slots=concurrency,
            pid_file=pid_file,
            together=together,
        )
    )


def _become_supervisor(spec: SupervisorSpec) -> NoReturn:
    """The same process goes on as a program that needs much less memory."""
    spec_from = f"--spec={spec.hand_over()}"
    program = own_program("workers.processes.supervisor", spec_from, *spec.lanes)
    with stop_signals.held_back():
        os.execv(sys.executable, program)  # noqa: S606 - no shell is wanted, and none of it is from outside


def _reload(
    lanes: tuple[str, ...],
    asked: Mapping[str, object],
    watch: tuple[Path, ...],
    *,
    together: bool,
) -> NoReturn:
    from backend.development.reloading import run_reloading

    given = [f"{name}={value}" for name, value in asked.items() if value is not None]
    given += ["--together"] if together else []
    run_reloading(["worker", *lanes, *given], watch)


def _chosen(parts: Platform, lanes: tuple[str, ...]) -> list[str]:
    known = parts.catalogue.own_lanes()
    if not lanes or lanes == ("all",):
        return known
    for lane in lanes:
        if lane not in known:
            raise ConfigurationError(f"there is no lane {lane!r}{suggestion(lane, known)}")
    return list(lanes)


@click.command()
def scheduler() -> None:
    """Promotes due jobs, fires cron schedules and rescues the jobs of vanished workers.

    Start as many as you like: one leads, the others take over within seconds.
    """
    parts = _started("scheduler")
    holder = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    from backend.bootstrap.cluster_metrics_parts import scheduler_metrics
    from backend.bootstrap.schedule_parts import scheduler_loops

    loops = scheduler_loops(parts, holder)
    with scheduler_metrics(parts, loops):
        _run_loops(loops)


@click.command()
def recorder() -> None:
    """Writes job history from Redis to Postgres. Start as many as you like."""
    parts = _started("recorder")
    from backend.bootstrap.record_parts import recorder_loops

    loops = recorder_loops(parts, f"{socket.gethostname()}-{os.getpid()}")
    with recorder_metrics(parts, loops):
        _run_loops(loops)


@click.command()
@click.option("--host", type=GIVEN, help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port.  [default: $PORT, or 8000]")
def api(host: str | None, port: int | None) -> None:
    """Serves the HTTP API, the dashboard at /dashboard/jobs and /metrics, until stopped.

    It starts without Redis and without Postgres, and says so in its answers.
    """
    from backend.api.serving.server import serve
    from backend.bootstrap.api_parts import embedded_grace, embedded_worker
    from backend.bootstrap.web_parts import web_app

    stop_signals.outlive_the_terminal()
    lose_lines()
    find_scratch_folder()
    settings = platform().settings
    set_up_logs(**settings.log.said(), process="api")
    _say_where_settings_are()
    _refuse_others(platform())
    asked = {
        name: value for name, value in {"host": host, "port": port}.items() if value is not None
    }
    chosen = settings.api.model_copy(update={**_asked_by_the_platform(settings.api), **asked})
    # Each web process wires its own parts after it was forked: no two may share a connection.
    with count_folder():
        serve(
            chosen,
            make_app=lambda: web_app(Platform(settings)),
            make_worker=lambda: embedded_worker(Platform(settings)),
            worker_grace=embedded_grace(settings),
        )


def _asked_by_the_platform(settings: ApiSettings) -> dict[str, int]:
    """``PORT``, by which platforms such as Heroku and starters of Procfiles say where they look for us."""
    text = os.environ.get("PORT", "")
    if not text or "port" in settings.model_fields_set:
        return {}
    if not text.isdecimal() or int(text) > _LAST_PORT:
        raise ConfigurationError(f"PORT is {text!r}: it must be a number up to {_LAST_PORT}")
    return {"port": int(text)}


def _run_loops(loops: list[Loop]) -> None:
    end_with_vital_threads()
    stop = stop_event_on_signals()
    threads = [
        threading.Thread(target=vital(loop.run), args=(stop.event,), name=loop.name)
        for loop in loops
    ]
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join()
    stop_signals.end_undisturbed()
    for loop in loops:
        try:
            loop.close()
        except Exception as error:  # noqa: BLE001 - whatever a store says, the process goes
            structlog.get_logger("tally").warning(
                "loop.not_closed", loop=loop.name, error=str(error)
            )
