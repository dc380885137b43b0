"""The token with which who tries it, or runs `tally dev`, signs in: made once, kept beside the data."""

from __future__ import annotations

from pathlib import Path

from backend.domain.access.access_errors import NotAuthenticated
from backend.domain.access.actor import Actor, ActorKind, Channel
from backend.domain.access.role import Role
from backend.services.access.key_service import KeyService
from backend.services.actions.keys import KeyActions


def sign_in_token(keys: KeyService, actions: KeyActions, state: Path, name: str) -> str:
    """The token of earlier starts while it is good, else that of a new admin's key of this name."""
    by = Actor(name, Role.ADMIN, kind=ActorKind.SYSTEM, channel=Channel.SYSTEM)
    kept = state / "token"
    token = kept.read_text(encoding="ascii").strip() if kept.exists() else ""
    if token and _is_good(keys, token):
        return token
    for lost in keys.list():
        if lost.name == name:
            actions.revoke(by, lost.id, reason="its token is lost")
    token = actions.create(by, name, Role.ADMIN).token
    kept.touch(mode=0o600)
    kept.write_text(f"{token}\n", encoding="ascii")
    return token


def _is_good(keys: KeyService, token: str) -> bool:
    try:
        keys.authenticate(token)
    except NotAuthenticated:
        return False
    return True
