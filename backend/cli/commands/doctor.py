"""``tally doctor``: looks at everything a deployment needs, and says what to change."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

import click

from backend.api.config.settings import load_settings
from backend.bootstrap.platform import Platform
from backend.bootstrap.record_parts import audit_service, migrator
from backend.cli.checks.audit import check_anchors, check_audit
from backend.cli.checks.controls import check_controls
from backend.cli.checks.declared import check_declared
from backend.cli.checks.finding import Finding, Level
from backend.cli.checks.folders import check_backup_version, check_folders
from backend.cli.checks.foreign import check_foreign_jobs, check_keyspace
from backend.cli.checks.freezes import check_freezes
from backend.cli.checks.postgres import check_postgres, server_major
from backend.cli.checks.processes import check_processes
from backend.cli.checks.quotas import check_quotas
from backend.cli.checks.redis import check_redis
from backend.cli.checks.replica import check_replica
from backend.cli.checks.schedules import check_schedules
from backend.cli.checks.settings import check_settings
from backend.cli.input import options
from backend.cli.output.printing import print_json, tell
from backend.domain.errors import ConfigurationError
from backend.domain.text.visible_text import visible
from backend.telemetry.logs.set_up import set_up_logs

_MARKS = {
    Level.OK: ("ok", "green"),
    Level.WARNING: ("warn", "yellow"),
    Level.WRONG: ("WRONG", "red"),
}


@click.command()
@options.as_json
def doctor(as_json: bool) -> None:
    """Checks settings, servers, schema, clocks, processes and books, and says what to change.

    Exit status 1 when something is wrong; warnings alone are status 0.

    \b
    Example:
      tally doctor --json | jq '.[] | select(.level == "wrong")'
    """
    set_up_logs(level="ERROR", style="text")
    findings = list(look())
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            _print(finding)
    sys.exit(1 if any(finding.level is Level.WRONG for finding in findings) else 0)


def look() -> Iterator[Finding]:
    """Every finding, those about settings first."""
    yield from check_settings(os.environ)
    try:
        parts = Platform(load_settings())
    except ConfigurationError:
        return
    yield from check_declared(parts)
    yield from check_redis(
        parts.home.client, time.time, parts.check_takes_jobs, parts.home.keys.root
    )
    yield from check_keyspace(parts)
    yield from check_foreign_jobs(parts)
    yield from check_folders(parts.settings)
    yield from check_postgres(parts.history_engine, migrator(parts), parts.clock.now)
    yield from check_replica(parts)
    yield from check_backup_version(parts.settings, server_major(parts.history_engine))
    yield from check_schedules(parts)
    yield from check_controls(parts)
    yield from check_freezes(parts)
    yield from check_quotas(parts)
    audit = audit_service(parts)
    yield from check_audit(audit, parts.clock.now)
    yield from check_anchors(audit, parts.settings.history.anchor_file)
    yield from check_processes(parts)


def _print(finding: Finding) -> None:
    mark, colour = _MARKS[finding.level]
    click.echo(f"{click.style(f'{mark:>5}', fg=colour)}  {visible(finding.text)}")
    if finding.remedy:
        tell(f"       → {finding.remedy}  [{finding.code}]")
