"""Enqueue jobs over HTTP, look at them, wait for them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, overload
from urllib.parse import quote

from backend.client.client_job_type import ClientJobType
from backend.client.job_wait import JobWait, is_final
from backend.client.transport import Transport

PayloadT = TypeVar("PayloadT")
ResultT = TypeVar("ResultT")
_KEY = re.compile(r"[!-~]{1,128}")


def _as_it_came(result: Any) -> Any:
    return result


class TallyClient:
    """A caller of one API. Safe for several threads.

    Raises `ApiProblem` for what the API refuses and `ApiUnreachable` when no answer comes. Requests
    that may be sent twice without harm are: enqueueing carries an Idempotency-Key of its own.
    """

    def __init__(self, url: str, token: str, *, timeout: float = 10.0, tries: int = 4) -> None:
        """``token`` may be as it was read from a file. Raises ValueError for one that cannot be sent."""
        self._transport = Transport(url, token, timeout=timeout, tries=tries)
        self._wait = JobWait()

    def enqueue(
        self,
        job_type: str,
        payload: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str = "",
        **options: Any,
    ) -> str:
        """Enqueues one job and returns its id; once it returns, the job will not be lost.

        Options are those of ``POST /api/jobs``: ``priority``, ``run_at``, ``delay``, ``tags``…
        Raises `ValueError` for an ``idempotency_key`` that is not 1 to 128 visible ASCII characters.
        """
        body = {"job_type": job_type, "payload": dict(payload or {}), **options}
        return str(self._post("/api/jobs", body, idempotency_key).body["id"])

    def enqueue_many(
        self, jobs: Sequence[Mapping[str, Any]], *, idempotency_key: str = ""
    ) -> list[str]:
        """Enqueues jobs, each a mapping of what ``POST /api/jobs`` takes; ids in the same order."""
        if not jobs:
            return []
        body = {"jobs": [dict(job) for job in jobs]}
        found = self._post("/api/jobs/bulk", body, idempotency_key).body
        return [job["id"] for job in found["jobs"]]

    @overload
    def job_type(self, name: str, payload: type[PayloadT]) -> ClientJobType[PayloadT, Any]: ...

    @overload
    def job_type(
        self, name: str, payload: type[PayloadT], *, result: Callable[[Any], ResultT]
    ) -> ClientJobType[PayloadT, ResultT]: ...

    def job_type(
        self,
        name: str,
        payload: type[Any],  # noqa: ARG002 - for type checkers
        *,
        result: Callable[[Any], Any] | None = None,
    ) -> ClientJobType[Any, Any]:
        """A job type to enqueue by: ``client.job_type("greet", Greeting, result=Answer.model_validate)``.

        ``payload`` tells type checkers what goes in: a pydantic model, or a mapping; what comes must fit
        the type that workers declare. ``result`` makes what the handler returned of its JSON.
        """
        return ClientJobType(name, self._post, self, result or _as_it_came)

    def job(self, job_id: str) -> dict[str, Any]:
        """The job as it stands."""
        return self._get(f"/api/jobs/{_part(job_id)}")

    def why(self, job_id: str) -> dict[str, Any]:
        """Why the job is not running."""
        return self._get(f"/api/jobs/{_part(job_id)}/why")

    def wait(self, job_id: str, timeout: float = 60.0) -> dict[str, Any]:
        """The job once it has ended; raises `TimeoutError` when it has not in ``timeout`` seconds.

        A server that holds no answer back, because too many wait there, is asked again after pauses of
        0.2 to 2 seconds. One that is silent is given up within five seconds after ``timeout``:
        `ApiUnreachable`.
        """

        def ask(seconds: int, left: float) -> dict[str, Any]:
            return self._held_back(job_id, seconds, left)

        job = self._wait.until_final(ask, timeout)
        if not is_final(job):
            raise TimeoutError(f"job {job_id} is still {job['state']} after {timeout:g} s")
        return job

    def _held_back(self, job_id: str, seconds: int, left: float) -> dict[str, Any]:
        """The job as soon as it has ended, or as it stands when the server waits no longer."""
        path, prefer = f"/api/jobs/{_part(job_id)}", {"Prefer": f"wait={seconds}"}
        found: dict[str, Any] = self._transport.send(
            "GET", path, headers=prefer, patience=seconds, within=left
        ).body
        return found

    def search(self, **conditions: Any) -> Iterator[dict[str, Any]]:
        """Every job that matches, page by page; conditions are those of ``GET /api/jobs``, a value each."""
        cursor: str | None = None
        while True:
            page = self._get("/api/jobs", {**conditions, "cursor": cursor})
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def cancel(self, job_id: str, *, reason: str = "", force: bool = False) -> str:
        """Withdraws a job: ``canceled``, or ``asked`` when it runs."""
        body = {"reason": reason, "force": force}
        outcome = self.request("POST", f"/api/jobs/{_part(job_id)}/cancel", body)["outcome"]
        return str(outcome)

    def retry(
        self,
        job_id: str,
        *,
        reason: str = "",
        payload: Mapping[str, Any] | None = None,
        anyway: bool = False,
    ) -> None:
        """Sends a dead job back to its queue, with another payload if one is given.

        ``anyway``: also while a job that is the same holds the key that they share.
        """
        body: dict[str, Any] = {"reason": reason, **({"anyway": True} if anyway else {})}
        body["payload"] = dict(payload) if payload is not None else None
        self.request("POST", f"/api/jobs/{_part(job_id)}/retry", body)

    def overview(self) -> dict[str, Any]:
        """How the platform is doing."""
        return self._get("/api/jobs/metrics/overview")

    def request(
        self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None
    ) -> Any:
        """Any other request, as ``/api/docs`` lists them; the answer's JSON."""
        return self._transport.send(method, path, body, query=query).body

    def _get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        found: dict[str, Any] = self._transport.send("GET", path, query=query).body
        return found

    def _post(self, path: str, body: Any, key: str) -> Any:
        headers = {"Idempotency-Key": _key(key) if key else secrets.token_hex(16)}
        return self._transport.send("POST", path, body, headers=headers)


def _part(text: str) -> str:
    # No job has half a surrogate pair in its id, which the server is to say.
    return quote(text, safe="", errors="surrogatepass")


def _key(given: str) -> str:
    """As the server takes it; a header holds no other, and its error would not say what is meant."""
    if not _KEY.fullmatch(given):
        raise ValueError("idempotency_key must be 1 to 128 visible ASCII characters")
    return given
