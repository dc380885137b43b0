"""Sends a webhook: target checked, name looked up once, body signed, redirects only where allowed."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urljoin

from backend.api.config.worker_settings import WebhookSettings
from backend.domain.errors import PermanentFailure, Unreachable
from backend.domain.text.web_target import Target, read_target
from workers.handlers.one_line import one_line
from workers.webhooks.address_rules import AddressRules
from workers.webhooks.connection import FAILURES, Answer, Limits, post
from workers.webhooks.lookup import Resolver, checked_addresses, system_resolver
from workers.webhooks.outcome import FOLLOWED
from workers.webhooks.secret_use import check_host

#: What OpenSSL says of certificates that nobody it trusts has signed.
_UNKNOWN_SIGNERS = frozenset({18, 19, 20, 21})
_LONGEST_CAUSE = 300


class Request(NamedTuple):
    """A signed message, ready to go."""

    url: str
    body: bytes
    #: Made by us; every receiver gets them.
    headers: Mapping[str, str]
    #: Given by the job for this receiver; no other one gets them.
    private_headers: Mapping[str, str]
    #: The secret it is signed with, and the hosts that this is for; none: all.
    secret: str = ""
    hosts: Sequence[str] = ()


class WebhookSender:
    """Bears several threads; keeps nothing between webhooks but its TLS settings."""

    def __init__(self, settings: WebhookSettings, resolve: Resolver = system_resolver) -> None:
        self._settings = settings
        self._rules = AddressRules(settings.allowed_networks, settings.blocked_networks)
        self._resolve = resolve
        self._tls: ssl.SSLContext | None = None

    def open(self) -> None:
        """Reads the certificates to trust, which takes a moment."""
        self._tls = ssl.create_default_context(cafile=self._settings.ca_file)

    def permitted(self, url: str) -> Target:
        """Where ``url`` leads; raises `PermanentFailure` when this deployment does not allow it."""
        try:
            target = read_target(url)
        except ValueError as error:
            raise PermanentFailure(str(error)) from None
        if not (target.is_encrypted or self._settings.allow_http):
            raise PermanentFailure(
                f"{target.origin}: http is not allowed; use https, or set webhook.allow_http"
            )
        if self._settings.ports and target.port not in self._settings.ports:
            raise PermanentFailure(
                f"{target.origin}: port {target.port} is not allowed; list it in webhook.ports"
            )
        return target

    def send(self, request: Request) -> tuple[Target, Answer]:
        """The last answer and who gave it; raises a `JobSignal` when there is none."""
        ends_at = time.monotonic() + self._settings.total_seconds
        target, headers = self.permitted(request.url), request.private_headers
        check_host(request.secret, request.hosts, target.host)
        for redirects_left in range(self._settings.redirects, -1, -1):
            answer = self._exchange(target, {**headers, **request.headers}, request.body, ends_at)
            location = next(iter(answer.headers("Location")), "")
            if answer.status not in FOLLOWED or not redirects_left or not location:
                break
            following = self._redirected(target, location)
            check_host(request.secret, request.hosts, following.host)
            if target.is_encrypted and not following.is_encrypted:
                raise PermanentFailure(f"{target.origin} redirects to {following.origin}: refused")
            if following.origin != target.origin:
                headers = {}
            target = following
        return target, answer

    def _redirected(self, target: Target, location: str) -> Target:
        try:
            return self.permitted(urljoin(target.origin + target.path, location))
        except (PermanentFailure, ValueError) as error:
            raise PermanentFailure(
                f"{target.origin} redirects to where webhooks may not go: {_cause(error)}"
            ) from None

    def _exchange(
        self, target: Target, headers: Mapping[str, str], body: bytes, ends_at: float
    ) -> Answer:
        limits = Limits(self._settings.connect_seconds, ends_at, self._settings.response_bytes)
        try:
            seconds = limits.left(self._settings.lookup_seconds)
            addresses = checked_addresses(target, self._rules, self._resolve, seconds)
            if target.is_encrypted and self._tls is None:
                self.open()
            return post(target, addresses, headers=headers, body=body, limits=limits, tls=self._tls)
        except ssl.SSLError as error:
            raise Unreachable(f"{target.origin} {_untrusted(error)}; nothing was sent") from error
        except FAILURES as error:
            raise Unreachable(f"{target.origin} gave no answer: {_cause(error)}") from error


def _cause(error: Exception) -> str:
    words = (
        str(error) if isinstance(error, PermanentFailure) else f"{type(error).__name__}: {error}"
    )
    return one_line(words, _LONGEST_CAUSE)


def _untrusted(error: ssl.SSLError) -> str:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return f"speaks no TLS that is good enough: {one_line(error.reason or str(error), _LONGEST_CAUSE)}"
    words = f"cannot be trusted: {one_line(error.verify_message, _LONGEST_CAUSE)}"
    if error.verify_code in _UNKNOWN_SIGNERS:
        words += "; webhook.ca_file names certificates to trust"
    return words
