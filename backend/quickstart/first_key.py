"""The token with which the quickstart's user signs in: made once, kept beside the data."""

from __future__ import annotations

from pathlib import Path

from backend.domain.access.access_errors import NotAuthenticated
from backend.domain.access.actor import Actor, ActorKind, Channel
from backend.domain.access.role import Role
from backend.services.access.key_service import KeyService
from backend.services.actions.keys import KeyActions

_NAME = "quickstart"
_QUICKSTART = Actor(_NAME, Role.ADMIN, kind=ActorKind.SYSTEM, channel=Channel.SYSTEM)


def sign_in_token(keys: KeyService, actions: KeyActions, state: Path) -> str:
    """The token of earlier starts while it is good, else that of a new admin's key."""
    kept = state / "token"
    token = kept.read_text(encoding="ascii").strip() if kept.exists() else ""
    if token and _is_good(keys, token):
        return token
    for lost in keys.list():
        if lost.name == _NAME:
            actions.revoke(_QUICKSTART, lost.id, reason="its token is lost")
    token = actions.create(_QUICKSTART, _NAME, Role.ADMIN).token
    kept.touch(mode=0o600)
    kept.write_text(f"{token}\n", encoding="ascii")
    return token


def _is_good(keys: KeyService, token: str) -> bool:
    try:
        keys.authenticate(token)
    except NotAuthenticated:
        return False
    return True
