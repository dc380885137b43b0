"""Over HTTP: the twin of a job, what stands before one, and how one stands beside others."""

from __future__ import annotations

from typing import Any

from tests.integration.api.caller import Caller
from tests.integration.api.work import Work

HOST = "hooks.example.com"
DESTINATION = f"webhook:{HOST}:443"
GREETING = {"job_type": "greet", "payload": {"name": "Ada"}}


def _look(admin: Caller, **said: Any) -> dict[str, Any]:
    answer = admin.post("/api/jobs/preview", {"jobs": [GREETING | said]})
    assert answer.status_code == 200, answer.text
    [line] = answer.get_json()["jobs"]
    return dict(line)


def _webhook(admin: Caller) -> str:
    return admin.enqueue("send_webhook", payload={"url": f"https://{HOST}/in"})


def test_a_preview_names_the_twin_and_what_makes_it_one(admin: Caller) -> None:
    first = admin.enqueue(unique="started")

    line = _look(admin, unique="started")

    assert line["twin"] == {
        "job_id": first,
        "by": "unique",
        "replaced": False,
        "place": None,
        "text": f"job {first} is the same and keeps others out, until it has started",
    }
    assert (line["is_valid"], line["starts_about"]) == (True, None)


def test_a_preview_tells_each_gate_who_waits_there_and_when_it_opens(admin: Caller) -> None:
    admin.post("/api/queues/normal/pause", {"reason": "disk"})

    line = _look(admin)

    assert [gate["code"] for gate in line["gates"]] == ["paused", "no_worker"]
    pause = line["gates"][0]
    assert (pause["gate"], pause["waiting"], pause["opens_at"]) == (
        "paused:queue:normal",
        None,
        None,
    )
    assert (line["starts_about"], line["twin"]) == (None, None)


def test_a_replay_that_is_answered_by_a_twin_says_which_and_why(admin: Caller, work: Work) -> None:
    job_id = admin.enqueue()
    work.finish(work.start())
    work.record()
    first = admin.post(f"/api/jobs/{job_id}/replay", {}, Idempotency_Key="again")

    again = admin.post(f"/api/jobs/{job_id}/replay", {}, Idempotency_Key="again")

    new, old = first.get_json(), again.get_json()
    assert (first.status_code, new["created"], new["answered"]) == (202, True, None)
    assert (again.status_code, old["created"], old["id"]) == (200, False, new["id"])
    assert old["answered"] == f"job {new['id']} was accepted under the same idempotency key"
    [row, *_] = admin.get("/api/audit?action=jobs.replay").get_json()["items"]
    assert row["after"] == {"answered": old["answered"]}


def test_a_job_tells_its_key_and_who_holds_it(admin: Caller, work: Work) -> None:
    first = admin.enqueue(unique="ended")
    work.fail(work.start())
    second = admin.enqueue(unique="ended")

    dead, live = (admin.get(f"/api/jobs/{each}").get_json() for each in (first, second))

    assert dead["unique_key"] == live["unique_key"]
    assert live["unique_key"].startswith("greet:")
    assert (dead["unique_holder"], live["unique_holder"]) == (second, second)
    work.finish(work.start())
    assert admin.get(f"/api/jobs/{first}").get_json()["unique_holder"] is None


def test_a_job_tells_its_destination_live_and_from_the_record(admin: Caller, work: Work) -> None:
    job_id = _webhook(admin)

    assert admin.get(f"/api/jobs/{job_id}").get_json()["destination"] == DESTINATION

    work.finish(work.start("normal:webhook"))
    work.record()
    assert admin.get(f"/api/jobs/{job_id}").get_json()["destination"] == DESTINATION


def test_a_job_of_a_fair_queue_tells_in_whose_line_it_stands(admin: Caller) -> None:
    admin.post("/api/queues/normal/fair", {"by": "tenant", "reason": "one floods"})
    own, other = admin.enqueue(tenant="acme"), admin.enqueue(priority="low", tenant="acme")

    found = [admin.get(f"/api/jobs/{each}").get_json() for each in (own, other)]

    assert [(each["fair_by"], each["fair_key"]) for each in found] == [
        ("tenant", "acme"),
        (None, None),
    ]


def test_a_redrive_with_another_address_waits_for_that_one_alone(admin: Caller, work: Work) -> None:
    job_id = _webhook(admin)
    work.fail(work.start("normal:webhook"))
    admin.post("/api/breakers/open", {"destination": DESTINATION, "reason": "they move house"})

    payload = {"url": "https://new.example.com/in"}
    done = admin.post(f"/api/jobs/{job_id}/retry", {"payload": payload, "reason": "moved"})

    assert done.status_code == 200, done.text
    assert admin.get(f"/api/jobs/{job_id}").get_json()["destination"] == (
        "webhook:new.example.com:443"
    )
    assert [job.id for job in work.start("normal:webhook")] == [job_id]
