"""Signed tokens of an identity provider; algorithm and key come from the settings, never from a token."""

from __future__ import annotations

from typing import Any

import structlog

from backend.api.config.api_settings import JwtSettings
from backend.domain.access.access_errors import NotAuthenticated
from backend.domain.access.api_key import Credential, Principal
from backend.domain.access.role import Role
from backend.domain.errors import ConfigurationError
from backend.domain.text.visible_text import steers, visible_line

log = structlog.get_logger("tally.api")

_NEEDED = ("exp", "iat", "sub")
#: Types that a token may say it is of; others, such as refresh tokens, are for somebody else.
_TYPES = {None, "JWT", "AT+JWT"}
#: What OpenID Connect allows a subject.
_LONGEST_NAME = 255


class JwtVerifier:
    """The `TokenVerifier` for JWT."""

    def __init__(self, settings: JwtSettings, key: str) -> None:
        self._settings = settings
        self._key = key

    def principal_of(self, token: str) -> Principal | None:
        """The bearer; None when anything about the token is not as it must be.

        Raises `NotAuthenticated` for a token that is good but names somebody as nobody can be named.
        """
        import jwt

        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[self._settings.algorithm],
                audience=self._settings.audience or None,
                issuer=self._settings.issuer or None,
                leeway=self._settings.leeway,
                options={"require": list(_NEEDED), "verify_aud": bool(self._settings.audience)},
            )
        except jwt.InvalidTokenError as error:
            log.info("jwt.refused", cause=type(error).__name__)
            return None
        if str(header.get("typ") or "JWT").upper() not in _TYPES:
            return None
        return self._principal(claims)

    def _principal(self, claims: dict[str, Any]) -> Principal | None:
        settings = self._settings
        name, role = claims["sub"], claims.get(settings.role_claim)
        tenant = claims.get(settings.tenant_claim)
        if claims["exp"] - claims["iat"] > settings.longest_life:
            log.info("jwt.refused", cause="lives too long")
            return None
        if role not in list(Role) or not isinstance(name, str) or not name.strip():
            log.info("jwt.refused", cause="no role, or no subject")
            return None
        if tenant is not None and not (isinstance(tenant, str) and tenant):
            return None
        _check_name(name, "sub")
        _check_name(tenant or "", settings.tenant_claim)
        issuer = claims.get("iss")
        if isinstance(issuer, str):
            _check_name(issuer, "iss")
        subject = f"{issuer}|{name}" if isinstance(issuer, str) and issuer else name
        return Principal(
            subject, name, Role(role), tenant, Credential.JWT, _job_types(claims, settings)
        )


def _job_types(claims: dict[str, Any], settings: JwtSettings) -> frozenset[str] | None:
    """What the token is kept to; a claim that cannot be read lets nothing be run."""
    named = claims.get(settings.types_claim)
    if named is None:
        return None
    listed = named.split() if isinstance(named, str) else named
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        return frozenset()
    return frozenset(listed)


def _check_name(name: str, claim: str) -> None:
    """Names stand in logs, pages, terminals and the audit log; raises `NotAuthenticated`."""
    if len(name) > _LONGEST_NAME:
        raise NotAuthenticated(f"the claim {claim} of this token is longer than {_LONGEST_NAME}")
    if steers(name):
        raise NotAuthenticated(
            f"the claim {claim} of this token holds control characters: {visible_line(name)}"
        )


def verifier_of(settings: JwtSettings) -> JwtVerifier | None:
    """The verifier that the settings ask for; None when no key is set. Raises `ConfigurationError`."""
    if settings.algorithm == "HS256":
        key = settings.secret.get_secret_value()
    elif settings.public_key_file is not None:
        key = _read(settings)
    else:
        key = ""
    if not key:
        return None
    try:
        import jwt  # noqa: F401
    except ImportError as error:
        raise ConfigurationError("api.jwt needs PyJWT: install tally-queue[jwt]") from error
    return JwtVerifier(settings, key)


def _read(settings: JwtSettings) -> str:
    path = settings.public_key_file
    try:
        text = path.read_text(encoding="ascii") if path else ""
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"api.jwt.public_key_file cannot be read: {error}") from error
    if "PUBLIC KEY" not in text:
        raise ConfigurationError(f"api.jwt.public_key_file {path} holds no public key")
    return text
