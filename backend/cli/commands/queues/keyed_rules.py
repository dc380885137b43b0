"""``tally queues fair``, ``lines``, ``limit-key`` and ``rate-key``: what is said of a key's jobs."""

from __future__ import annotations

import re

import click

from backend.bootstrap.current import platform
from backend.cli.input import options
from backend.cli.input.completing import a_queue
from backend.cli.input.identity import who
from backend.cli.input.known_queues import known_queue
from backend.cli.input.most_or_default import MostOrDefault
from backend.cli.input.parts import actions
from backend.cli.input.rate_or_word import RateOrWord
from backend.cli.output.printing import print_json, print_rows, tell
from backend.domain.jobs.options.fairness import FAIR_BY, FairBy, Fairness
from backend.domain.jobs.options.rate import Rate, RateWord

_WEIGHT = re.compile(r"(.+)=(\d{1,9})")


def _weights(
    _context: click.Context, _option: click.Parameter, said: tuple[str, ...]
) -> dict[str, int]:
    found = [_WEIGHT.fullmatch(each) for each in said]
    if not all(found):
        raise click.BadParameter("say KEY=NUMBER: acme=3")
    return {match[1]: int(match[2]) for match in found if match}


@click.command()
@click.argument("queue_names", nargs=-1, required=True, metavar="QUEUE...", shell_complete=a_queue)
@click.option("--by", type=click.Choice(FAIR_BY), help="What tells the line; tenant unless said.")
@click.option("--weight", "weights", multiple=True, callback=_weights, metavar="KEY=N",
    help="Turns of a key for one of others.")  # fmt: skip
@click.option("--off", is_flag=True, help="Its jobs go in their order again.")
@options.reason
def fair(
    *,
    queue_names: tuple[str, ...],
    by: FairBy | None,
    weights: dict[str, int],
    off: bool,
    reason: str,
) -> None:
    """Lets the jobs of each tenant, or of another key, take turns in queues.

    Who enqueues very many jobs then holds up nobody but himself. What waits moves into lines at once.

    \b
    Examples:
      tally queues fair normal low
      tally queues fair normal:email --by context_id --weight campaign-7=3
      tally queues fair normal --off
    """
    if off and (by or weights):
        raise click.UsageError("--off goes with neither --by nor --weight.")
    rule = None if off else Fairness(by or "tenant", weights)
    for name in map(known_queue, queue_names):
        actions().queues.fair(who(), name, rule, reason=reason)
        tell(f"{name}: fair {rule.words}" if rule else f"{name}: not fair")


@click.command()
@click.argument("queue", shell_complete=a_queue)
@options.limit(20)
@options.as_json
def lines(queue: str, limit: int, as_json: bool) -> None:
    """Shows the lines of a fair queue: how many jobs of each key wait, by their turns."""
    queue = known_queue(queue)
    shares = platform().broker.fair_queues.shares(queue, limit)
    if as_json:
        print_json([share._asdict() for share in shares])
        return
    print_rows(
        ("key", "waiting", "turns"),
        [(share.key or "(none)", share.waiting, share.weight) for share in shares],
        empty=f"nobody stands in a line of {queue}",
    )


@click.command("limit-key")
@click.argument("key")
@click.argument("most", type=MostOrDefault())
@options.reason
def limit_key(key: str, most: int | str, reason: str) -> None:
    """How many jobs of a key may run at once in the whole deployment; 0: as many as can.

    The key is the `limit_key` of the jobs: of a type with a keyed limit its name and the key, as
    `call_crm:acme`. `default` gives it back to what the jobs say, now and with later ones.

    \b
    Examples:
      tally queues limit-key call_crm:acme 10 --reason "they pay for more"
      tally queues limit-key call_crm:acme default
    """
    wanted = most if isinstance(most, int) else None
    actions().types.limit_key(who(), key, wanted, reason=reason)
    tell(f"{key}: {'as its jobs say' if wanted is None else wanted or 'no limit'}")


@click.command("rate-key")
@click.argument("key")
@click.argument("rate", type=RateOrWord())
@options.reason
def rate_key(key: str, rate: Rate | RateWord, reason: str) -> None:
    """How many jobs of a key may start in a time in the whole deployment: `100/60` is a hundred a minute.

    The key is that of jobs whose type has a rate by key: its name and the key, as `call_crm:acme`.
    `100/60/5` lets five of them start at once. `none` lets as many start as come, `default` gives it back
    to what the jobs say, now and with later ones.

    \b
    Examples:
      tally queues rate-key call_crm:acme 500/60 --reason "they pay for more"
      tally queues rate-key call_crm:acme default
    """
    set_to = actions().types.rate_key(who(), key, rate, reason=reason)
    words = {RateWord.NONE: "no rate", RateWord.DECLARED: "as its jobs say"}
    tell(f"{key}: {set_to.words if isinstance(set_to, Rate) else words[set_to]}")
