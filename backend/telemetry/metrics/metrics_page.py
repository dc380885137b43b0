"""The text of ``/metrics``, in the format that the scraper asks for."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

#: What whoever asks without the right token is told.
WITHOUT_IT = "send the token of metrics.token: Authorization: Bearer …\n"
ASK_FOR_IT = {"WWW-Authenticate": "Bearer"}


class Page(NamedTuple):
    """One answer."""

    content_type: str
    body: bytes


class MetricsPage:
    """Renders what its collectors say, to all or to who has its token. Safe for several threads."""

    def __init__(self, collectors: Sequence[Collector], token: str = "") -> None:
        self._expected = f"Bearer {token}".encode() if token else b""
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        for collector in collectors:
            self._registry.register(collector)

    def render(self, accept: str = "") -> Page:
        """The page, for what a request's Accept header says."""
        encode, content_type = choose_encoder(accept)
        return Page(content_type, encode(self._registry))

    def is_open_to(self, authorization: str) -> bool:
        """Whether a request with this Authorization header may read the page."""
        return not self._expected or hmac.compare_digest(authorization.encode(), self._expected)
