"""The token with which the quickstart's user signs in: made once, kept beside the data."""

from __future__ import annotations

from pathlib import Path

from backend.domain.access_errors import NotAuthenticated
from backend.domain.role import Role
from backend.services.key_service import KeyService

_NAME = "quickstart"


def sign_in_token(keys: KeyService, state: Path) -> str:
    """The token of earlier starts while it is good, else that of a new admin's key."""
    kept = state / "token"
    token = kept.read_text(encoding="ascii").strip() if kept.exists() else ""
    if token and _is_good(keys, token):
        return token
    for lost in keys.list():
        if lost.name == _NAME:
            keys.revoke(lost.id, by=_NAME)
    token = keys.create(_NAME, Role.ADMIN, by=_NAME).token
    kept.touch(mode=0o600)
    kept.write_text(f"{token}\n", encoding="ascii")
    return token


def _is_good(keys: KeyService, token: str) -> bool:
    try:
        keys.authenticate(token)
    except NotAuthenticated:
        return False
    return True
