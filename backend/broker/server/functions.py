"""Calls the steps of our function library, and knows of each call whether it may have been carried out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NoReturn, cast

from redis import Redis
from redis import exceptions as redis_errors
from redis.exceptions import RedisError, ResponseError

from backend.broker.server import library
from backend.broker.server.call_series import A, CallSeries, may_be_done
from backend.broker.server.command_words import FCALL, Text, packed, texts_of
from backend.broker.server.connection import answer_in, translate, translated
from backend.broker.server.kept_connections import KeptConnection, kept_connections
from backend.domain.errors import QueueFull, QueueUnavailable, TallyError

#: Seconds before the one quiet second try: every function of ours is idempotent.
_PAUSE = 0.05


class Functions:
    """Calls the library's functions by the name of their step, loading it where it is missing."""

    def __init__(self, client: Redis, root: str) -> None:
        self._client = client
        self._kept = kept_connections(client.connection_pool)
        self.root = root
        self._names = {step: library.function_name(step) for step in library.STEPS}

    def command(self, step: str, args: Sequence[Text]) -> tuple[Text, ...]:
        """The `FCALL` of a step, for those who send it themselves."""
        return (FCALL, self._names[step], "1", self.root, *args)

    def call(self, step: str, *args: Any, read: Callable[[Any, bool], Any] | None = None) -> Any:
        """`call_in_texts` with what may have numbers in it."""
        return self.call_in_texts(step, texts_of(args), read)

    def call_in_texts(
        self,
        step: str,
        args: Sequence[Text],
        read: Callable[[Any, bool], Any] | None = None,
    ) -> Any:
        """Runs a step and returns its reply, or what ``read`` makes of it; raises our errors.

        ``read`` is told too whether the step may have been carried out by an earlier try of this call:
        then the reply is to a repetition. A `QueueUnavailable` says in ``details["may_be_done"]`` whether
        the step may have been carried out all the same: its answer was lost, or it broke halfway.
        """
        command = [self._packed(step, args)]
        is_doubtful = False
        for is_last in (False, True):
            try:
                reply = self._talk(partial(_ask, command), is_doubtful)
            except RedisError as error:
                is_doubtful |= may_be_done(error)
                self._prepare_again(error, is_last, is_doubtful)
            else:
                return reply if read is None else read(reply, is_doubtful)
        raise AssertionError("the last try returns or raises")

    def call_each(
        self, step: str, calls: Iterable[Sequence[Text]], read: Callable[[int, Any, bool], A]
    ) -> list[A | Exception]:
        """Runs a step once for each list of arguments, without waiting for each answer before the next.

        Lists are asked for one by one, as they are sent; to make one must not fail.
        Returns in order what ``read`` makes of each reply, whose number it is told, and what `call` tells
        it; what `call` would raise stands in its place. Nothing is sent once such an error is known, or an
        answer that refuses, but calls that were on their way by then follow with their own answers.
        """
        series = CallSeries((self._packed(step, args) for args in calls), read)
        is_doubtful = False
        for is_last in (False, True):
            try:
                self._talk(series.exchange, is_doubtful)
                error = series.error()
            except RedisError as lost:
                error = lost
            except QueueUnavailable as unreachable:
                return series.end(unreachable)
            if error is None:
                break
            is_doubtful |= may_be_done(error)
            try:
                self._prepare_again(error, is_last, is_doubtful)
            except (TallyError, RedisError) as ours:
                return series.end(ours)
            series.go_back()
        return series.answers

    def _packed(self, step: str, args: Sequence[Text]) -> bytes:
        return packed((FCALL, self._names[step], "1", self.root, *args))

    def _talk(self, talk: Callable[[Any], Any], may_be_done: bool) -> Any:
        """Has a connection for ``talk``; one that may have more to say is not used again."""
        kept = self._connection(may_be_done)
        try:
            reply = talk(kept.connection)
        except RedisError as error:
            answer = answer_in(error)
            if answer is None or answer.is_wrong_server:
                self._kept.give_up(kept)
            else:
                self._kept.give_back(kept)
            raise
        except BaseException:
            self._kept.give_up(kept)
            raise
        self._kept.give_back(kept)
        return reply

    def _connection(self, may_be_done: bool) -> KeptConnection:
        try:
            return self._kept.take()
        except RedisError as error:
            raise translate(error, may_be_done=may_be_done) from error

    def _prepare_again(self, error: RedisError, is_last: bool, may_be_done: bool) -> None:
        """Returns if another try makes sense now, else raises our error."""
        answer = answer_in(error)
        ours = translate(error, may_be_done=may_be_done)
        if is_last or ours is error or isinstance(error, redis_errors.TimeoutError):
            raise ours from error
        if is_missing_function(error):
            _load_where_it_leads(self._client)
        elif answer is None or answer.is_wrong_server:
            time.sleep(_PAUSE)
        else:
            raise ours from error

    def codes(self, step: str, *args: Any) -> list[int]:
        """Runs a step that answers one code an item."""
        return cast(list[int], self.call(step, *args))

    def check(self) -> None:
        """Raises `QueueUnavailable` unless Redis would let jobs start and end now; writes nothing.

        Redis refuses a function that may write before it begins, whatever it would do: while the disk
        is full, replicas are missing, somebody's script runs, or it is a replica itself.
        """
        self.call("settle")

    def check_takes_jobs(self) -> None:
        """The same, and raises `QueueFull` while Redis is at its memory limit; writes nothing.

        Then it takes no new jobs, and those that are there go on: most steps are let through.
        """
        self.call("enqueue", 0, 0, 0)


def _ask(command: Sequence[bytes], connection: Any) -> Any:
    connection.send_packed_command(command, check_health=False)
    return connection.read_response()


def is_missing_function(error: Exception) -> bool:
    """Whether Redis does not know this release's library (it is new, or somebody flushed it)."""
    return isinstance(error, ResponseError) and "function not found" in str(error).lower()


def load_library(client: Redis) -> None:
    """Loads this release's functions; who may not, is told who may. Raises `QueueUnavailable`."""
    try:
        with translated():
            library.load(client)
    except QueueFull as error:
        _wait_for_room(error)
    except QueueUnavailable as error:
        if error.details.get("reply") != "NOPERM":
            raise
        _wait_for_who_may(error)


def _load_where_it_leads(client: Redis) -> None:
    """Also where a replica was asked, which has what its new primary has: then of who leads now."""
    try:
        load_library(client)
    except QueueUnavailable as refusal:
        cause = refusal.__cause__
        answer = answer_in(cause) if isinstance(cause, RedisError) else None
        if answer is None or not answer.is_wrong_server:
            raise
        # All connections to it have been given up by that refusal.
        time.sleep(_PAUSE)
        load_library(client)


def _wait_for_room(error: QueueFull) -> NoReturn:
    raise QueueUnavailable(
        "Redis is at its memory limit and cannot take this release's functions "
        f"(tally_{library.version()}): let workers of the last release drain the queues, or raise "
        "maxmemory",
        reply="OOM",
        may_be_done=False,
    ) from error


def _wait_for_who_may(error: QueueUnavailable) -> NoReturn:
    raise QueueUnavailable(
        f"Redis does not have this release's functions (tally_{library.version()}), and this account "
        "may not load them: run `tally migrate --functions-only` with one that may",
        reply="NOPERM",
        may_be_done=False,
    ) from error
