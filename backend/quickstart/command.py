"""``tally quickstart``: behind scripts/quickstart.sh."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backend.api.config.settings import default_settings
from backend.api.http import docs_page
from backend.bootstrap.action_parts import PlatformActions
from backend.bootstrap.api_parts import key_service
from backend.bootstrap.platform import Platform
from backend.bootstrap.record_parts import audit_service, migrator
from backend.broker.server.allocator import server_words
from backend.cli.input.given_text import GivenPath
from backend.cli.input.stopping import stop_event_on_signals
from backend.cli.output.folder_to_write import check_writable, writing_into
from backend.embedded import EmbeddedServerError
from backend.quickstart.demonstration import Demonstration
from backend.quickstart.first_key import sign_in_token
from backend.quickstart.free_port import free_port
from backend.quickstart.hook_catcher import HookCatcher
from backend.quickstart.libraries import mail_catcher
from backend.quickstart.patience import eventually
from backend.quickstart.stack import Stack, StartFailed
from backend.services.actions.action_log import ActionLog
from backend.telemetry.logs.set_up import set_up_logs

if TYPE_CHECKING:
    from backend.quickstart.mail_catcher import MailCatcher

_OWN_JOBS = "backend.quickstart.jobs"
#: What runs as a job type of one's own where the settings name none, as outside of a checkout.
_OWN_GREETING = "backend.quickstart.greeting"
_PATIENCE = 30.0


@click.command()
@click.option("--once", is_flag=True, help="End after the demonstration.")
@click.option("--fresh", is_flag=True, help="Throw away what earlier starts made there.")
@click.option(
    "--state-dir",
    type=GivenPath(path_type=Path),
    default=lambda: os.environ.get("TALLY_STATE_DIR", ".tally"),
    help="Where servers keep their data between starts.  [default: .tally]",
)
def quickstart(once: bool, fresh: bool, state_dir: Path) -> None:
    """Starts servers and processes, shows them at work, and stays up until Ctrl-C.

    It needs the extras demo, embedded and reports.
    """
    set_up_logs(level="WARNING")
    stop, catcher = stop_event_on_signals(hang_up=True), mail_catcher()
    state = state_dir.absolute()
    with writing_into(state, "choose another with --state-dir"):
        state.mkdir(parents=True, exist_ok=True)
        check_writable(state)
    stack, hooks = Stack(state), HookCatcher()
    stack.hold()
    began = time.monotonic()
    try:
        if fresh:
            _clear(stack)
        pages = _start(stack, catcher, hooks)
        _say(f"up after {time.monotonic() - began:.1f} s; now the demonstration")
        _demonstrate(catcher, hooks)
        _say(f"everything worked, {time.monotonic() - began:.1f} s")
        if not once:
            _where_to_look(state, pages)
            stop.wait()
    except EmbeddedServerError as error:
        click.echo(f"tally: {error} [{error.code}]", err=True)
        sys.exit(1)
    finally:
        _say("stopping …")
        stack.stop()
        catcher.stop()
        hooks.stop()


def _clear(stack: Stack) -> None:
    if kept := stack.clear():
        _say(
            f"left as it is in {stack.state}, where it was before the first start: {', '.join(kept)}"
        )


def _start(stack: Stack, catcher: MailCatcher, hooks: HookCatcher) -> str:
    """Starts everything; where the pages are."""
    _say("starting Redis and Postgres, where the environment names none")
    stack.start_servers()
    parts = _parts()
    _say(f"Redis is {server_words(parts.home.client.info())}")
    applied = migrator(parts).apply()
    _say(f"schema up to date ({len(applied)} migrations applied now)")
    parts.refuse_others()
    parts.load_library()
    stack.tell("TALLY_JOB_PACKAGES", ",".join(parts.settings.job_packages))
    catcher.start()
    hooks.start()
    port = free_port(parts.settings.api.port)
    environment = {
        "TALLY_API__PORT": str(port),
        "TALLY_ARTIFACTS__FOLDER": str(stack.state / "artifacts"),
        "TALLY_BACKUP__FOLDER": str(stack.state / "backups"),
        "TALLY_WEBHOOK__ALLOW_HTTP": "true",
        "TALLY_WEBHOOK__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
        "TALLY_WEBHOOK__PORTS": "[]",
        "TALLY_WEBHOOK__SECRETS": json.dumps({"default": [hooks.secret]}),
        "TALLY_JOB_PACKAGES": ",".join(parts.settings.job_packages),
        "TALLY_SMTP__HOST": "127.0.0.1",
        "TALLY_SMTP__PORT": str(catcher.port),
        "TALLY_SMTP__SECURITY": "none",
    }
    known = {worker.name for worker in parts.inspection.workers()}
    for name in ("scheduler", "recorder", "api"):
        stack.start(name, name, environment=environment)
    stack.start("workers", "worker", environment=environment)
    lanes = len(parts.catalogue.own_lanes())
    _say(f"starting scheduler, recorder, API and workers for {lanes} lanes")
    _wait_for_workers(stack, parts, known, lanes)
    return f"http://127.0.0.1:{port}"


def _wait_for_workers(stack: Stack, parts: Platform, known: set[str], lanes: int) -> None:
    def ready() -> bool:
        stack.check()
        return len({worker.name for worker in parts.inspection.workers()} - known) >= lanes

    if not eventually(ready, _PATIENCE):
        raise StartFailed(f"the workers did not start within {_PATIENCE:g} s; see workers.log")


def _parts() -> Platform:
    """Wired anew from the environment that the stack has set, with the demonstration's own jobs."""
    parts = _parts_with(_OWN_JOBS)
    known = {kind.name for kind in parts.catalogue.own()}
    return parts if "greet" in known else _parts_with(_OWN_GREETING)


def _parts_with(package: str) -> Platform:
    packages = default_settings().job_packages
    os.environ["TALLY_JOB_PACKAGES"] = ",".join(dict.fromkeys((*packages, package)))
    default_settings.cache_clear()
    return Platform(default_settings())


def _demonstrate(catcher: MailCatcher, hooks: HookCatcher) -> None:
    Demonstration(Platform(default_settings()), catcher, hooks, _say).run()


def _token(state: Path) -> str:
    parts = Platform(default_settings())
    keys = key_service(parts)
    actions = PlatformActions(parts, ActionLog(audit_service(parts)), keys=keys)
    return sign_in_token(keys, actions.keys, state, "quickstart")


def _where_to_look(state: Path, pages: str) -> None:
    _say(f"dashboard: {pages}/dashboard/jobs")
    _say(f"token:     {_token(state)}")
    is_browsable = docs_page.are_there(default_settings().api)
    _say(f"API:       {pages}/api/{'docs' if is_browsable else 'openapi.json'}")
    _say(f"logs:      {state / 'log'}")
    program = Path(sys.executable).with_name("tally")
    _say(
        f"in another shell:  source {shlex.quote(str(state / 'env'))}  then  "
        f"{shlex.quote(str(program))} --help"
    )
    _say("Ctrl-C stops everything")


def _say(line: str) -> None:
    try:
        click.echo(f"▸ {line}")
    except OSError:
        # Nobody reads any more. What was started must still be stopped, so the rest goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
