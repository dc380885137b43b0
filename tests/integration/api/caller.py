"""Somebody who calls the API with a token."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse


class Caller:
    """Sends requests and hands back answers."""

    def __init__(self, app: Flask, token: str) -> None:
        self._client = app.test_client()
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **headers: str) -> TestResponse:
        """A GET."""
        return self._client.get(path, headers=self._with(headers))

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        """A POST of JSON, or of nothing."""
        return self.send("POST", path, body, **headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Any request."""
        named = self._with(headers)
        if body is None:
            return self._client.open(path, method=method, headers=named)
        return self._client.open(path, method=method, json=body, headers=named)

    def send_raw(self, path: str, body: bytes, media_type: str, **headers: str) -> TestResponse:
        """A POST of bytes."""
        return self._client.post(
            path, data=body, content_type=media_type, headers=self._with(headers)
        )

    def enqueue(self, job_type: str = "greet", **options: Any) -> str:
        """Enqueues a job; its id."""
        body = {"job_type": job_type, "payload": {"name": "Ada"} if job_type == "greet" else {}}
        answer = self.post("/api/jobs", body | options)
        assert answer.status_code in {200, 202}, answer.text
        return str(answer.get_json()["id"])

    def _with(self, headers: dict[str, str]) -> dict[str, str]:
        return self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
