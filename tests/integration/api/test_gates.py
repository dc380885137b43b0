"""What keeps jobs from starting, over HTTP and at a shell: who waits behind which, since when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.api.caller import Caller
from tests.integration.api.work import Work


def _gates(admin: Caller) -> dict[str, Any]:
    return {line["gate"]: line for line in admin.get("/api/gates").get_json()["items"]}


def test_every_gate_tells_who_waits_next_and_when_it_opens(admin: Caller, work: Work) -> None:
    admin.post("/api/jobs/types/greet/rate", {"limit": 6, "per": 60, "burst": 1})
    first, second, third = (admin.enqueue() for _ in range(3))
    assert [job.id for job in work.start()] == [first]

    line = _gates(admin)["rate:greet"]

    assert (line["words"], line["waiting"], line["next_job_id"]) == ("greet: 6 in 60 s", 2, second)
    assert line["since"] is not None
    assert datetime.fromisoformat(line["opens_at"]) > datetime.now(UTC)
    assert third


def test_a_limit_tells_how_many_run_also_when_nobody_waits(admin: Caller, work: Work) -> None:
    admin.post("/api/jobs/types/greet/limit", {"limit": 2})
    admin.enqueue()
    work.start()

    line = _gates(admin)["type:greet"]

    assert (line["words"], line["holders"], line["limit"]) == ("greet: 2 at once", 1, 2)
    assert (line["waiting"], line["next_job_id"], line["since"]) == (0, "", None)


def test_freezes_and_pauses_are_gates_too(admin: Caller, work: Work) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    now = (until - timedelta(hours=2)).isoformat()
    said = {"what": "tenant:acme", "starts_at": now, "ends_at": until.isoformat()}
    admin.post("/api/freezes/move", said)
    admin.enqueue(tenant="acme")
    work.start()
    admin.post("/api/jobs/types/greet/pause")
    admin.enqueue()
    work.start()

    found = _gates(admin)

    assert found["frozen:tenant:acme"]["words"] == "the tenant acme is frozen"
    assert found["frozen:tenant:acme"]["opens_at"][:16] == until.isoformat()[:16]
    assert found["paused:greet"]["words"] == "the job type greet is paused"
