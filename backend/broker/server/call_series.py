"""Several calls of one step, some of them on their way before the first is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from redis.exceptions import RedisError

from backend.broker.server.connection import answer_in, translate
from backend.broker.server.error_replies import happened_halfway

#: Redis works on one while another is read, and a third is packed. More would only be lost together.
_AHEAD = 4


class Answer(Protocol):
    """What a reply says, once it is read."""

    @property
    def refuses(self) -> bool:
        """Whether nothing may be sent behind it, though it is no error."""


A = TypeVar("A", bound=Answer)


class CallSeries(Generic[A]):
    """Packed calls in order, and their answers so far: what was read, or Redis' error in its place.

    Each call is made when its turn to be sent comes, and each reply read when it is there, by ``read``,
    which is told its number, and whether the call may have been carried out by an earlier try: Redis
    works on the next ones meanwhile.
    """

    def __init__(self, calls: Iterable[bytes], read: Callable[[int, Any, bool], A]) -> None:
        self._to_come = iter(calls)
        self._packed: list[bytes] = []
        self._read = read
        self._sent = 0
        #: Numbers of calls that are sent once more, though the first time may have been enough.
        self._in_doubt: set[int] = set()
        self._is_refused = False
        self.answers: list[A | Exception] = []

    def exchange(self, connection: Any) -> None:
        """Goes on behind the last answer; raises redis-py's error where one does not come.

        Nothing is sent once a refusal is known. What was on its way by then is carried out or refused by
        itself, so its answers are read too.
        """
        self._sent = len(self.answers)
        while True:
            most = 0 if self._is_refused else len(self.answers) + _AHEAD
            while self._sent < most and (packed := self._call_at(self._sent)):
                # Before: where sending breaks off, nobody knows how far it came.
                self._sent += 1
                connection.send_packed_command([packed], check_health=False)
            if self._sent == len(self.answers):
                return
            self._add(_reply(connection))

    def _call_at(self, place: int) -> bytes | None:
        """None behind the last. Those that were made are kept, to be sent again."""
        if place == len(self._packed):
            self._packed += islice(self._to_come, 1)
        return self._packed[place] if place < len(self._packed) else None

    def _add(self, reply: Any) -> None:
        if isinstance(reply, RedisError):
            self.answers.append(reply)
            self._is_refused = True
        else:
            number = len(self.answers)
            answer = self._read(number, reply, number in self._in_doubt)
            self.answers.append(answer)
            self._is_refused |= answer.refuses

    def error(self) -> RedisError | None:
        """The first one in an answer's place."""
        return next((each for each in self.answers if isinstance(each, RedisError)), None)

    def go_back(self) -> None:
        """To the first error or missing answer, to send from there again: every function is idempotent.

        Also behind a refusal: of what was on its way nobody would know whether it was done.
        """
        first = self.error()
        kept = len(self.answers) if first is None else self.answers.index(first)
        again = range(kept, self._sent)
        self._in_doubt.update(number for number in again if self._may_be_done(number))
        del self.answers[kept:]
        self._is_refused = False

    def _may_be_done(self, number: int) -> bool:
        answer = self.answers[number] if number < len(self.answers) else None
        return not isinstance(answer, RedisError) or may_be_done(answer)

    def end(self, error: Exception) -> list[A | Exception]:
        """All answers, with our errors for redis-py's; ``error`` is that of the first call that failed."""
        first = self.error()
        if first is None:
            return [*self.answers, error]
        return [error if each is first else _ours(each) for each in self.answers]


def may_be_done(error: RedisError) -> bool:
    """Of what was sent: a refusal says that nothing was done, unless the step broke halfway."""
    return answer_in(error) is None or happened_halfway(str(error))


def _reply(connection: Any) -> Any:
    try:
        return connection.read_response()
    except RedisError as error:
        if answer_in(error) is None:
            raise
        return error


def _ours(answer: A | Exception) -> A | Exception:
    return translate(answer, may_be_done=False) if isinstance(answer, RedisError) else answer
