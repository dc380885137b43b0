"""``tally tenants``: how much of the deployment each tenant may use."""

from __future__ import annotations

import click

from backend.bootstrap.current import platform
from backend.cli.input import options
from backend.cli.input.command_group import CommandGroup
from backend.cli.input.identity import who
from backend.cli.input.parts import actions
from backend.cli.input.quota_numbers import MostOrNone, StartsOrNone
from backend.cli.output.plain_data import plain
from backend.cli.output.printing import print_json, print_rows, tell
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.quota import Quota, QuotaState
from backend.domain.jobs.options.rate import Rate, RateWord


@click.group(cls=CommandGroup)
def tenants() -> None:
    """Quotas of tenants: how many of their jobs may wait, run at once, and start in a time."""


@tenants.command("list")
@options.as_json
def list_tenants(as_json: bool) -> None:
    """Shows the tenants with quotas: what each may use, and what it uses."""
    found = platform().quota_service.all()
    if as_json:
        print_json({"tenants": [plain(state) for state in found]})
        return
    heads = ("tenant", "waiting", "running", "starts", "aside", "by", "reason")
    print_rows(heads, [_row(state) for state in found], empty="no tenant has a quota")


@tenants.command()
@click.argument("tenant")
@click.option(
    "--waiting",
    type=MostOrNone(bounds.QUOTA_WAITING),
    help="So many jobs may wait; beyond that new ones are refused.",
)
@click.option(
    "--running", type=MostOrNone(bounds.QUOTA_RUNNING), help="So many may run at once; others wait."
)
@click.option("--starts", type=StartsOrNone(), help="So many may start in a time: 600/60.")
@click.option("--off", is_flag=True, help="It may use as much as there is.")
@options.reason
@options.as_json
def quota(
    *,
    tenant: str,
    waiting: int | str | None,
    running: int | str | None,
    starts: Rate | RateWord | None,
    off: bool,
    reason: str,
    as_json: bool,
) -> None:
    """Shows how much a tenant may use, or says it; it holds for jobs that wait too.

    What is not said stays as it is; `none` takes one of the three away, --off all of them. As JSON it is
    how the tenant stands then: null without a quota.

    \b
    Examples:
      tally tenants quota acme
      tally tenants quota acme --waiting 50000 --running 40 --starts 600/60
      tally tenants quota acme --starts none
      tally tenants quota acme --off --reason "they pay for more"
    """
    said = (waiting, running, starts)
    if off and any(each is not None for each in said):
        raise click.UsageError("--off goes with none of --waiting, --running and --starts.")
    if not off and all(each is None for each in said):
        _show(platform().quota_service.get(tenant), as_json=as_json)
        return
    wanted = None if off else _changed(tenant, waiting, running, starts)
    words, state = _set(tenant, wanted, reason)
    if as_json:
        print_json(plain(state))
    else:
        tell(f"{tenant}: {words}")


def _set(tenant: str, wanted: Quota | None, reason: str) -> tuple[str, QuotaState | None]:
    """What became of it in words, and how the tenant stands; None where it has no quota."""
    if wanted is not None:
        return wanted.words, actions().tenants.set_quota(who(), tenant, wanted, reason=reason)
    cleared = actions().tenants.clear_quota(who(), tenant, reason=reason)
    return "no quota any more" if cleared else "has no quota", None


def _changed(
    tenant: str,
    waiting: int | str | None,
    running: int | str | None,
    starts: Rate | RateWord | None,
) -> Quota | None:
    """What holds with what was said; None where nothing is limited any more."""
    before = platform().quota_service.find(tenant)
    held = before.quota if before else None
    most_waiting = _of(waiting, held.waiting if held else None)
    most_running = _of(running, held.running if held else None)
    rate = held.starts if starts is None and held else None
    rate = starts if isinstance(starts, Rate) else rate
    if most_waiting is None and most_running is None and rate is None:
        return None
    return Quota(most_waiting, most_running, rate)


def _of(said: int | str | None, before: int | None) -> int | None:
    if said is None:
        return before
    return said if isinstance(said, int) else None


def _show(state: QuotaState, *, as_json: bool) -> None:
    if as_json:
        print_json(plain(state))
        return
    heads = ("tenant", "waiting", "running", "starts", "aside", "by", "reason")
    print_rows(heads, [_row(state)])


def _row(state: QuotaState) -> tuple[str, ...]:
    quota = state.quota
    starts = quota.starts.words if quota.starts else "any"
    return (
        *(state.tenant, _used(state.waiting, quota.waiting), _used(state.running, quota.running)),
        *(starts, str(state.aside), state.by, state.reason),
    )


def _used(number: int, most: int | None) -> str:
    return f"{number} of {most}" if most is not None else str(number)
