"""What happens to every request, whatever serves it: ids, limits, headers, one log line."""

from __future__ import annotations

import time

import structlog
from flask import Flask, Response, request

from backend.api.access.rate_limit import RateLimit
from backend.api.http.api_errors import TooManyRequests
from backend.api.request.app_state import AppState
from backend.api.request.request_context import Call, current_call, enter
from backend.api.request.tracing import request_id_of, trace_of

log = structlog.get_logger("tally.http")

#: Of everything that does not bring a policy of its own, as pages do.
_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": _CONTENT_POLICY,
    "Cache-Control": "no-store",
}
#: Probes ask often and from one place.
_NOT_COUNTED = {"/healthz", "/readyz"}


class Arrivals:
    """Receives requests and sees answers off."""

    def __init__(self, app_state: AppState) -> None:
        self._app_state = app_state
        parts = self._parts = app_state.parts
        rates = parts.settings.rates
        self._limit = RateLimit(
            rates.address_per_second, rates.address_burst, parts.clock.monotonic
        )
        self._warn_of_proxies = not parts.settings.trusted_proxies
        self._headers = list(_SECURITY.items())
        if parts.settings.hsts:
            self._headers.append(("Strict-Transport-Security", "max-age=31536000"))

    def watch(self, app: Flask) -> None:
        """Puts itself around everything that the application serves."""
        app.before_request(self._receive)
        app.after_request(self._see_off)

    def _receive(self) -> None:
        call = Call(
            app_state=self._app_state,
            request_id=request_id_of(request.headers.get("X-Request-ID")),
            trace=trace_of(request.headers.get("traceparent"), request.headers.get("tracestate")),
            address=request.remote_addr or "local",
            headers=request.headers,
            began=time.perf_counter(),
        )
        enter(call)
        if self._warn_of_proxies and "HTTP_X_FORWARDED_FOR" in request.environ:
            self._warn_of_proxies = False
            log.warning(
                "api.proxy_not_trusted", address=call.address, setting="api.trusted_proxies"
            )
        if request.path in _NOT_COUNTED:
            return
        verdict = self._limit.take(call.address)
        if not verdict.passed:
            raise TooManyRequests(
                "your address sends more requests than it may", retry_after=verdict.retry_after
            )

    def _see_off(self, response: Response) -> Response:
        call = current_call()
        if call is None:
            return response
        headers = response.headers
        given = {name for name, _ in headers}
        # Added, not set: setting looks through all of them each time.
        headers.add("X-Request-ID", call.request_id)
        headers.add("traceparent", call.trace.traceparent)
        for name, value in (*call.answer_headers.items(), *self._headers):
            if name not in given:
                headers.add(name, value)
        if self._parts.settings.access_log:
            self._tell(call, response)
        return response

    def _tell(self, call: Call, response: Response) -> None:
        log.info(
            "http.answered",
            method=request.method,
            route=request.url_rule.rule if request.url_rule else None,
            status=response.status_code,
            duration_ms=round((time.perf_counter() - call.began) * 1000, 2),
            request_id=call.request_id,
            trace_id=call.trace.trace_id,
            principal=call.principal.name if call.principal else None,
            address=call.address,
        )
