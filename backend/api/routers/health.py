"""Whether the process lives, whether it can work, and which release it is. Open to all."""

from __future__ import annotations

from collections.abc import Callable

from backend.api.http.answer import Answer
from backend.api.http.operation import Router
from backend.api.request.request_context import Call
from backend.api.schemas.health import Alive, Check, Ready, Version
from backend.domain.errors import TallyError
from backend.telemetry.logs.redaction import without_addresses

router = Router("health", "Health")


@router.get("/healthz")
def alive(_call: Call) -> Alive:
    """Answers as long as the process lives; asks no store."""
    return Alive()


@router.get("/readyz", also=(503,))
def ready(call: Call) -> Answer[Ready]:
    """Whether Redis, Postgres and its schema are there; names what is not."""
    checks = [_check(name, look) for name, look in call.parts.checks.items()]
    if all(check.ok for check in checks):
        return Answer(Ready(status="ready", checks=checks))
    return Answer(Ready(status="not ready", checks=checks), status=503)


def _check(name: str, look: Callable[[], object]) -> Check:
    try:
        look()
    except TallyError as error:
        return Check(name=name, ok=False, detail=without_addresses(str(error)))
    except Exception as error:  # noqa: BLE001 - told with its traceback by the store's watch
        # A mistake, as of a server that knows no functions: all have the answer, so no more than a line.
        first, *_ = str(error).partition("\n")
        detail = without_addresses(f"{type(error).__name__}: {first}")
        return Check(name=name, ok=False, detail=detail)
    return Check(name=name, ok=True)


@router.get("/api/version")
def version(call: Call) -> Version:
    """Which release answers."""
    return Version(version=call.parts.version)
