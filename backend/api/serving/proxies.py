"""What a proxy in front says of a request: its address, scheme and host, and the path below which it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from backend.api.config.api_settings import ROOT_PATH, ApiSettings


def put_behind_proxies(app: Flask, settings: ApiSettings) -> None:
    """Puts itself before an application. Headers are believed only of ``api.trusted_proxies``."""
    hops = settings.trusted_proxies
    app.wsgi_app = _RootPath(app.wsgi_app, settings.root_path)  # type: ignore[method-assign]
    if hops:
        # Addresses and schemes are lists with one entry of each hop; of host and prefix there is one.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=1, x_prefix=1
        )


class _RootPath:
    """Makes the path of settings or proxy ``SCRIPT_NAME``, whether requests still have it or not."""

    def __init__(self, app: Any, root_path: str) -> None:
        self._app = app
        self._root_path = root_path

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """One request."""
        root = self._root_path or environ.get("SCRIPT_NAME", "").rstrip("/")
        if not ROOT_PATH.fullmatch(root):
            root = ""
        environ["SCRIPT_NAME"] = root
        path = environ.get("PATH_INFO", "")
        if root and (path == root or path.startswith(f"{root}/")):
            environ["PATH_INFO"] = path[len(root) :] or "/"
        served: Iterable[bytes] = self._app(environ, start_response)
        return served
