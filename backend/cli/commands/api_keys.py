"""``tally keys``: the bearer tokens of the HTTP API."""

from __future__ import annotations

from datetime import timedelta

import click

from backend.bootstrap.current import platform
from backend.cli.input import options
from backend.cli.input.command_group import CommandGroup
from backend.cli.input.confirmation import confirm
from backend.cli.input.given_text import GIVEN
from backend.cli.input.identity import who
from backend.cli.input.instants import DURATION
from backend.cli.input.parts import actions, key_service
from backend.cli.output.ages import age, moment
from backend.cli.output.done_so_far import forget_done, note_done
from backend.cli.output.plain_data import plain
from backend.cli.output.printing import print_json, print_rows, say, tell
from backend.domain.access.role import Role
from backend.services.access.key_service import NewKey


@click.group(cls=CommandGroup)
def keys() -> None:
    """Makes, lists, rotates and revokes API keys."""


@keys.command()
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--tenant", type=GIVEN, help="Only this tenant's jobs are theirs to see.")
@click.option("--types", help="The only job types it may have run, with commas.")
@click.option("--expires-in", type=DURATION, help="For how long it is good: 90d.")
@options.as_json
def create(  # noqa: PLR0917 - click gives them by name
    name: str,
    role: str,
    tenant: str | None,
    types: str | None,
    expires_in: float | None,
    as_json: bool,
) -> None:
    """Makes a key and prints its token: the only time anybody sees it.

    \b
    Examples:
      tally keys create web-shop --role producer
      tally keys create on-call --role operator --expires-in 90d
      tally keys create partner --role producer --tenant acme --types send_email,export_data
    """
    expires_at = platform().clock.now() + timedelta(seconds=expires_in) if expires_in else None
    made = actions().keys.create(
        who(),
        name,
        Role(role),
        expires_at=expires_at,
        tenant=tenant,
        job_types=None if types is None else _named(types),
    )
    _print_new(made, as_json=as_json)


def _named(types: str) -> list[str]:
    """The job types of a list with commas; a name that is none is told before a key is made."""
    names = [name.strip() for name in types.split(",") if name.strip()]
    for name in names:
        platform().catalogue.get(name)
    return names


@keys.command("list")
@click.option("--all", "with_revoked", is_flag=True, help="Revoked ones too.")
@options.as_json
def list_keys(with_revoked: bool, as_json: bool) -> None:
    """Lists the keys; tokens are not kept and cannot be shown."""
    found, now = key_service().list(with_revoked=with_revoked), platform().clock.now()
    if as_json:
        print_json(found)
        return
    print_rows(
        ("key", "name", "role", "tenant", "types", "ends in", "made by", "last used",
         "good until (UTC)", ""),
        [
            (k.id, k.name, k.role, k.tenant, ", ".join(k.job_types or ()), f"…{k.token_hint}", k.created_by,
             f"{age(k.last_used_at)} ago" if k.last_used_at else "never", moment(k.expires_at),
             "" if k.is_good(now) else "revoked" if k.revoked_at else "expired")
            for k in found
        ],
        empty="there are no keys",
    )  # fmt: skip


@keys.command()
@click.argument("key_id")
@click.option("--overlap", type=DURATION, default="1d", show_default=True, help="Both are good.")
@options.as_json
def rotate(key_id: str, overlap: float, as_json: bool) -> None:
    """Makes a new key in the place of another, which ends after the overlap."""
    made = actions().keys.rotate(who(), key_id, overlap=timedelta(seconds=overlap))
    _print_new(made, as_json=as_json)


@keys.command()
@click.argument("key_id")
@options.yes
def revoke(key_id: str, yes: bool) -> None:
    """Ends a key for good, everywhere within seconds."""
    key = key_service().get(key_id)
    confirm(f"Revoke the key {key.name} ({key.role})?", yes=yes)
    actions().keys.revoke(who(), key_id)
    tell(f"{key_id} is revoked")


def _print_new(made: NewKey, *, as_json: bool) -> None:
    # In the place of what is told of other actions: this one is of no use without its answer.
    forget_done()
    note_done(
        f"the key {made.key.id} was made; nobody has its token, so revoke it with "
        f"tally keys revoke {made.key.id}"
    )
    if as_json:
        print_json({**plain(made.key), "token": made.token})
        return
    say(f"key {made.key.id} ({made.key.name}, {made.key.role}); its token, shown only now:")
    tell(made.token)
