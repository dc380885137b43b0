"""A prefix with braces: every key of a deployment then lives in one slot of a cluster."""

from __future__ import annotations

import pytest
from redis import Redis
from redis.crc import key_slot

from backend.broker.keys import Keys
from tests.integration.broker.bench import Bench
from tests.integration.interop import roles

ROOTS = ["{tally}", "{tally}:blue", "other"]


@pytest.fixture(params=ROOTS)
def deployment(redis: Redis, request: pytest.FixtureRequest) -> Bench:
    """A deployment under a prefix of its own, after all that its processes do."""
    bench = Bench(redis, Keys(request.param))
    roles.furnish(bench)
    for role in (roles.work, roles.serve, roles.keep_time):
        role(redis, bench.keys)
        if role is not roles.keep_time:
            assert bench.complaints() == []
    return bench


def test_no_key_lies_outside_the_prefix(deployment: Bench) -> None:
    names = [name.decode() for name in deployment.redis.scan_iter(count=1000)]

    assert len(names) > 20
    assert [name for name in names if not name.startswith(f"{deployment.keys.root}:")] == []


def test_with_braces_all_keys_share_a_slot(deployment: Bench) -> None:
    if "{" not in deployment.keys.root:
        pytest.skip("has no braces")

    slots = {key_slot(name) for name in deployment.redis.scan_iter(count=1000)}

    assert slots == {key_slot(deployment.keys.root.encode())}


def test_two_deployments_in_one_redis_know_nothing_of_each_other(redis: Redis) -> None:
    blue, green = Bench(redis, Keys("{blue}")), Bench(redis, Keys("{green}"))
    roles.furnish(blue)
    roles.furnish(green)
    before = {name: value for name, value in green.snapshot().items() if "{green}" in name}

    for role in (roles.work, roles.serve, roles.keep_time):
        role(redis, blue.keys)

    after = {name: value for name, value in green.snapshot().items() if "{green}" in name}
    assert after == before
