"""What Redis answers, word for word as real servers say it, and what each answer means."""

from __future__ import annotations

import pytest
from redis._parsers.base import BaseParser
from redis.exceptions import DataError, RedisError, ResponseError

from backend.broker.server.connection import answer_in, translate
from backend.broker.server.error_replies import ANSWERS, happened_halfway, read_reply
from backend.domain.errors import PayloadTooLarge, QueueFull, QueueUnavailable
from backend.domain.store_answer import Meaning

_BUSY = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
_MISCONF = "MISCONF Errors writing to the AOF file: No space left on device"
_SNAPSHOT = "MISCONF Redis is configured to save RDB snapshots, but cannot persist to disk."
_FEW = "NOREPLICAS Not enough good replicas to write."
_DEMOTED = (
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"
)
_INSIDE = (
    "ERR ERR The user executing the script can't run this command or subcommand "
    "script: tally_3d6d3143_await, on @user_function:67."
)

#: The reply, its code, what it means, whether the server is the wrong one.
REPLIES = [
    (_MISCONF, "MISCONF", Meaning.NOT_NOW, False),
    (_SNAPSHOT, "MISCONF", Meaning.NOT_NOW, False),
    (_BUSY, "BUSY", Meaning.NOT_NOW, False),
    (_FEW, "NOREPLICAS", Meaning.NOT_NOW, True),
    ("READONLY You can't write against a read only replica.", "READONLY", Meaning.NOT_NOW, True),
    (
        _DEMOTED,
        "UNBLOCKED",
        Meaning.NOT_NOW,
        True,
    ),
    (
        "UNBLOCKED client unblocked via CLIENT UNBLOCK",
        "UNBLOCKED",
        Meaning.NOT_NOW,
        True,
    ),
    ("UNBLOCKED the stream key no longer exists", "UNBLOCKED", Meaning.NOT_NOW, True),
    (
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "MASTERDOWN",
        Meaning.NOT_NOW,
        True,
    ),
    ("LOADING Redis is loading the dataset in memory", "LOADING", Meaning.NOT_NOW, True),
    ("CLUSTERDOWN Hash slot not served", "CLUSTERDOWN", Meaning.NOT_NOW, True),
    ("TRYAGAIN Multiple keys request during rehashing of slot", "TRYAGAIN", Meaning.NOT_NOW, True),
    ("MOVED 3999 127.0.0.1:6381", "MOVED", Meaning.NOT_NOW, True),
    ("ASK 3999 127.0.0.1:6381", "ASK", Meaning.NOT_NOW, True),
    ("OOM command not allowed when used memory > 'maxmemory'.", "OOM", Meaning.NOT_NOW, False),
    (
        "EXECABORT Transaction discarded because of previous errors.",
        "EXECABORT",
        Meaning.NOT_NOW,
        False,
    ),
    (
        f"EXECABORT Transaction discarded because of: {_MISCONF}",
        "MISCONF",
        Meaning.NOT_NOW,
        False,
    ),
    ("ERR Function not found", "ERR", Meaning.NOT_NOW, False),
    (
        "NOPERM this user has no permissions to run the 'fcall' command",
        "NOPERM",
        Meaning.REFUSED,
        False,
    ),
    (
        "NOPERM this user has no permissions to access one of the keys used as arguments",
        "NOPERM",
        Meaning.REFUSED,
        False,
    ),
    (_INSIDE, "NOPERM", Meaning.REFUSED, False),
    ("NOAUTH Authentication required.", "NOAUTH", Meaning.REFUSED, False),
    (
        "WRONGPASS invalid username-password pair or user is disabled.",
        "NOAUTH",
        Meaning.REFUSED,
        False,
    ),
    ("ERR Protocol error: invalid bulk length", "ERR", Meaning.REFUSED, False),
    (
        "WRONGTYPE Operation against a key holding the wrong kind of value",
        "WRONGTYPE",
        Meaning.MISTAKE,
        False,
    ),
    ("ERR wrong number of arguments for 'set' command", "ERR", Meaning.MISTAKE, False),
    ("ERR unknown command 'FOO', with args beginning with: ", "ERR", Meaning.MISTAKE, False),
    ("ERR invalid expire time in 'expire' command", "ERR", Meaning.MISTAKE, False),
    ("NOGROUP No such key 's' or consumer group 'g'", "NOGROUP", Meaning.MISTAKE, False),
    (
        "CROSSSLOT Keys in request don't hash to the same slot",
        "CROSSSLOT",
        Meaning.MISTAKE,
        False,
    ),
]


def as_raised(reply: str) -> RedisError:
    """What redis-py raises for a reply: some codes it takes off and makes a class of."""
    error: RedisError = BaseParser.parse_error(reply)  # type: ignore[no-untyped-call]
    return error


def in_pipeline(error: RedisError) -> RedisError:
    """What redis-py makes of an error of the first command in a pipeline."""
    error.args = (f"Command # 1 (RPUSH rq:wake:a 1) of pipeline caused error: {error}",)
    return error


@pytest.mark.parametrize(("reply", "code", "meaning", "is_wrong_server"), REPLIES)
def test_each_reply_means_one_of_three(
    reply: str, code: str, meaning: Meaning, is_wrong_server: bool
) -> None:
    for error in (as_raised(reply), in_pipeline(as_raised(reply)), ResponseError(reply)):
        answer = answer_in(error)

        assert answer is not None
        assert answer.code in {code, reply.partition(" ")[0]}
        assert (answer.meaning, answer.is_wrong_server) == (meaning, is_wrong_server)
        assert answer.is_known


@pytest.mark.parametrize("reply", [reply for reply, _, m, _ in REPLIES if m is Meaning.NOT_NOW])
def test_what_is_not_now_is_unavailable_to_callers(reply: str) -> None:
    expected = QueueFull if reply.startswith("OOM") else QueueUnavailable

    assert type(translate(as_raised(reply))) is expected
    assert type(translate(in_pipeline(as_raised(reply)))) is expected


@pytest.mark.parametrize("reply", [reply for reply, _, m, _ in REPLIES if m is Meaning.MISTAKE])
def test_a_mistake_of_our_own_stays_what_it_is(reply: str) -> None:
    error = as_raised(reply)

    assert translate(error) is error


def test_a_refused_account_is_told_so_also_from_inside_a_function() -> None:
    assert str(translate(as_raised(_INSIDE))) == (
        "Redis refuses our account: NOPERM The user executing the script can't run this command "
        "or subcommand script: tally_3d6d3143_await, on @user_function:67.; "
        "check REDIS_URL and its ACL"
    )


def test_a_refusal_tells_what_to_look_at() -> None:
    assert str(translate(as_raised(_MISCONF))) == (
        f"Redis cannot be used now: {_MISCONF}; "
        "Redis cannot save to disk; free its disk and look at its log"
    )


def test_what_is_larger_than_redis_takes_is_refused_for_good() -> None:
    assert isinstance(
        translate(as_raised("ERR Protocol error: invalid bulk length")), PayloadTooLarge
    )


def test_a_reply_nobody_has_heard_of_is_not_now_and_known_to_be_unknown() -> None:
    error = translate(as_raised("SHARDMOVING please come back"))

    assert isinstance(error, QueueUnavailable)
    assert error.details == {
        "reply": "SHARDMOVING",
        "is_known": False,
        "remedy": "check REDIS_URL and the server",
    }


def test_a_payload_that_looks_like_redis_pys_words_does_not_hide_the_reply() -> None:
    text = (
        f"Command # 2 (SET a of pipeline caused error: WRONGTYPE) of pipeline caused error: {_BUSY}"
    )

    assert read_reply(text).code == "BUSY"


def test_a_server_with_too_many_clients_is_not_now() -> None:
    assert read_reply("ERR max number of clients reached").meaning is Meaning.NOT_NOW
    assert isinstance(translate(as_raised("ERR max number of clients reached")), QueueUnavailable)


def test_what_redis_py_says_itself_is_no_answer() -> None:
    error = DataError("Invalid input of type: 'dict'")

    assert answer_in(error) is None
    assert translate(error) is error


def test_only_what_broke_inside_a_function_happened_halfway() -> None:
    assert happened_halfway(_INSIDE)
    assert not any(happened_halfway(reply) for reply, *_ in REPLIES if reply is not _INSIDE)


def test_every_answer_says_what_to_do() -> None:
    assert [answer.code for answer in ANSWERS.values() if not answer.remedy] == []
