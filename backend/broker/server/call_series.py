"""Several calls of one step, some of them on their way before the first is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from redis.exceptions import RedisError

from backend.broker.server.connection import answer_in, translate

#: Redis works on one while another is read, and a third is packed. More would only be lost together.
_AHEAD = 4


class CallSeries:
    """Packed calls in order, and their answers so far: a reply, or Redis' error in its place.

    ``refuses`` says whether a reply does so, without being an error.
    """

    def __init__(self, packed: Sequence[bytes], refuses: Callable[[Any], bool]) -> None:
        self._packed = packed
        self._refuses = refuses
        self._is_refused = False
        self.answers: list[Any] = []

    def exchange(self, connection: Any) -> None:
        """Goes on behind the last answer; raises redis-py's error where one does not come.

        Nothing is sent once a refusal is known. What was on its way by then is carried out or refused by
        itself, so its answers are read too.
        """
        sent = len(self.answers)
        while True:
            most = 0 if self._is_refused else len(self.answers) + _AHEAD
            for packed in self._packed[sent:most]:
                connection.send_packed_command([packed], check_health=False)
                sent += 1
            if sent == len(self.answers):
                return
            self._add(_answer(connection))

    def _add(self, answer: Any) -> None:
        self.answers.append(answer)
        self._is_refused |= isinstance(answer, RedisError) or self._refuses(answer)

    def error(self) -> RedisError | None:
        """The first one in an answer's place."""
        return next((each for each in self.answers if isinstance(each, RedisError)), None)

    def go_back(self) -> None:
        """To the first error or missing answer, to send from there again: every function is idempotent.

        Also behind a refusal: of what was on its way nobody would know whether it was done.
        """
        first = self.error()
        if first is not None:
            del self.answers[self.answers.index(first) :]
        self._is_refused = False

    def end(self, error: Exception) -> list[Any]:
        """All answers, with our errors for redis-py's; ``error`` is that of the first call that failed."""
        first = self.error()
        if first is None:
            return [*self.answers, error]
        return [error if each is first else _ours(each) for each in self.answers]


def _answer(connection: Any) -> Any:
    try:
        return connection.read_response()
    except RedisError as error:
        if answer_in(error) is None:
            raise
        return error


def _ours(answer: Any) -> Any:
    return translate(answer, may_be_done=False) if isinstance(answer, RedisError) else answer
