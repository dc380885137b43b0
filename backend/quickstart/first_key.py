"""The token with which the quickstart's user signs in: made once, kept beside the data."""

from __future__ import annotations

from pathlib import Path

from backend.domain.role import Role
from backend.services.key_service import KeyService


def sign_in_token(keys: KeyService, state: Path) -> str:
    """The token of earlier starts while it is good, else that of a new admin's key."""
    kept = state / "token"
    token = kept.read_text(encoding="ascii").strip() if kept.exists() else ""
    if token and keys.knows(token):
        return token
    token = keys.create("quickstart", Role.ADMIN, by="quickstart").token
    kept.touch(mode=0o600)
    kept.write_text(f"{token}\n", encoding="ascii")
    return token
