"""``tally dev``: everything that a project needs, by one command, on one port, in one log."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path

import click

from backend.api.config.left_by_dev import state_folder
from backend.api.config.settings import Settings, default_settings, load_settings
from backend.api.config.settings_file import find_file
from backend.bootstrap.action_parts import PlatformActions
from backend.bootstrap.api_parts import key_service
from backend.bootstrap.platform import Platform
from backend.bootstrap.record_parts import audit_service, migrator
from backend.cli.input.given_text import GivenPath
from backend.development.dev_loop import DevLoop
from backend.development.one_log import OneLog
from backend.development.own_folder import own_folder
from backend.development.page_address import PageAddress
from backend.development.program import Program
from backend.development.stores import use_stores_of
from backend.development.watching import folders_to_watch, watch
from backend.domain.errors import ConfigurationError
from backend.embedded import EmbeddedServerError
from backend.quickstart.first_key import sign_in_token
from backend.quickstart.patience import eventually
from backend.quickstart.sole_use import SoleUse
from backend.quickstart.stack import Stack
from backend.services.actions.action_log import ActionLog
from backend.telemetry.logs.lossy_streams import lose_lines
from backend.telemetry.logs.set_up import set_up_logs

_PROGRAMS = (
    Program("api", ("api",), loads_code=True, hurry_by=signal.SIGQUIT),
    # One process for all lanes: several load the same code, and each change waits for all of them.
    Program("worker", ("worker", "--together"), loads_code=True, hurry_by=signal.SIGQUIT),
    Program("scheduler", ("scheduler",), loads_code=True),
    Program("recorder", ("recorder",)),
)
#: A machine that is busy may take long, and whoever waits wants the address all the same.
_PATIENCE = float("inf")


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port.  [default: api.port, 8000]")
@click.option(
    "--reload/--no-reload", default=True, help="Start again when code or settings change."
)
@click.option(
    "--watch", "watched", multiple=True, type=GivenPath(path_type=Path),
    help="One more folder whose changes count.",
)  # fmt: skip
@click.option(
    "--state-dir",
    type=GivenPath(path_type=Path),
    help="Where servers keep their data between starts.  [default: .tally beside the settings]",
)
def dev(port: int | None, reload: bool, watched: tuple[Path, ...], state_dir: Path | None) -> None:
    """Runs API, dashboard, workers, scheduler and recorder for a project, until Ctrl-C.

    Redis and Postgres are those of the settings, else servers of its own. When code or settings change,
    what loaded them starts again; code that cannot be imported is told, and the old goes on.

    \b
    Examples:
      tally dev
      tally dev --port 8001
    """
    set_up_logs(level="WARNING")
    lose_lines()
    if os.environ.get("TALLY_ENV") == "production":
        raise ConfigurationError("tally dev is not for production, which TALLY_ENV says this is")
    log = OneLog([program.name for program in _PROGRAMS])
    if state_dir is not None:
        # Else its settings would name the stores of the one that runs on the project's own folder.
        os.environ["TALLY_STATE_DIR"] = str(state_dir.absolute())
        default_settings.cache_clear()
    settings = default_settings()
    use_stores_of(settings)
    chosen = port or settings.api.port
    address = PageAddress(settings.api.host, chosen, settings.api.root_path)
    state = state_folder(os.environ)
    # First of all: whoever is told of a taken port takes another one, and then two would run on one folder.
    SoleUse(state).refuse_second()
    address.refuse_taken()
    stack = Stack(own_folder(state))
    stack.hold()
    environment = partial(_environment, stack.state, chosen)
    loop = DevLoop(_PROGRAMS, environment, log, lines=log.line)
    try:
        status = _run(stack, loop, log, settings, address, reload=reload, watched=watched)
    except EmbeddedServerError as error:
        click.echo(f"tally: {error} [{error.code}]", err=True)
        status = 1
    finally:
        stack.stop()
    sys.exit(status)


def _run(
    stack: Stack,
    loop: DevLoop,
    log: OneLog,
    settings: Settings,
    address: PageAddress,
    *,
    reload: bool,
    watched: tuple[Path, ...],
) -> int:
    if reload:
        folders = folders_to_watch(settings.job_packages, watched)
        watch(
            folders,
            loop.code_changed,
            needed_by="tally dev, without --no-reload,",
            blind=loop.changes_are_not_seen,
        )
        loop.is_watching = True
    log.say(f"settings: {find_file(os.environ) or 'none; tally init writes some'}")
    stack.start_servers()
    token = _prepare(stack.state)
    loop.obey_signals()
    threading.Thread(target=_say_when_up, args=(log, address, token), daemon=True).start()
    return loop.run()


def _environment(state: Path, port: int) -> dict[str, str]:
    """What is set for the processes unless somebody has: files in our folder, one port, readable lines.

    By the settings as they are now: what was added to their file meanwhile must not be overruled.
    """
    wanted = {
        "artifacts.folder": str(state / "artifacts"),
        "backup.folder": str(state / "backups"),
        "log.format": "text",
        "metrics.worker_port": "0",
        "metrics.scheduler_port": "0",
        "metrics.recorder_port": "0",
    }
    # Of settings that cannot be read whoever starts with them tells.
    with suppress(ConfigurationError):
        settings = load_settings()
        wanted = {name: value for name, value in wanted.items() if not _is_set(settings, name)}
    # What a job prints is to be seen when it does.
    return {
        "PYTHONUNBUFFERED": "1",
        "TALLY_API__PORT": str(port),
        **{f"TALLY_{name.replace('.', '__').upper()}": value for name, value in wanted.items()},
    }


def _is_set(settings: Settings, name: str) -> bool:
    section, _, own = name.partition(".")
    return own in getattr(settings, section).model_fields_set


def _prepare(state: Path) -> str:
    """Brings the stores up to date; the token to sign in with."""
    default_settings.cache_clear()
    # Job types are not needed for it, and the developer's code may be broken.
    parts = Platform(default_settings().model_copy(update={"job_packages": ()}))
    migrator(parts).apply()
    parts.refuse_others()
    parts.load_library()
    keys = key_service(parts)
    actions = PlatformActions(parts, ActionLog(audit_service(parts)), keys=keys)
    return sign_in_token(keys, actions.keys, state, "tally-dev")


def _say_when_up(log: OneLog, address: PageAddress, token: str) -> None:
    eventually(address.is_open, _PATIENCE)
    log.say(f"dashboard  {address.url}/dashboard/jobs")
    log.say(f"sign in    {token}")
    log.say("programs and commands started in this project use its stores")
    log.say("Ctrl-C stops everything")
