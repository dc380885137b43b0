"""What waits until a caller's SQLAlchemy session commits, and is forgotten when it does not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from backend.locks.fork_locks import own_lock

T = TypeVar("T")


class _Waiting(NamedTuple, Generic[T]):
    item: T
    #: The transaction that it was said in, and those around it: it goes with the first that is undone.
    within: WeakSet[SessionTransaction]


class UntilCommit(Generic[T]):
    """Keeps things by session, and no session alive for it."""

    def __init__(self, done: Callable[[list[T]], object]) -> None:
        """``done`` is given what waited, in order, after each commit that let something through."""
        self._done = done
        own_lock(self)
        self._by_session: WeakKeyDictionary[Session, list[_Waiting[T]]] = WeakKeyDictionary()

    def renew_lock(self) -> None:
        """In a fork, where the thread that held it may be missing."""
        self._lock = threading.Lock()

    def add(self, session: Session, item: T) -> None:
        """Keeps it until the transaction, or the savepoint, in which ``session`` is now has ended."""
        within = _enclosing(session)
        self._of(session).append(_Waiting(item, within))

    def all(self) -> list[T]:
        """What waits, of all sessions."""
        with self._lock:
            lists = list(self._by_session.values())
        return [each.item for waiting in lists for each in list(waiting)]

    def _of(self, session: Session) -> list[_Waiting[T]]:
        with self._lock:
            known = self._by_session.get(session)
            if known is not None:
                return known
            waiting = self._by_session[session] = []
        event.listen(session, "after_commit", self._after_commit)
        event.listen(session, "after_transaction_end", self._after_end)
        return waiting

    def _after_commit(self, session: Session) -> None:
        waiting = self._by_session[session]
        savepoint = session.get_nested_transaction()
        if savepoint is not None:
            # What was said in it goes on with the transaction around it.
            for each in waiting:
                each.within.discard(savepoint)
            return
        items = [each.item for each in waiting]
        waiting.clear()
        if items:
            self._done(items)

    def _after_end(self, session: Session, ended: SessionTransaction) -> None:
        # Whichever way: a session that is closed tells of no rollback. What was committed is out by now.
        waiting = self._by_session[session]
        waiting[:] = [each for each in waiting if ended not in each.within]


def _enclosing(session: Session) -> WeakSet[SessionTransaction]:
    within: WeakSet[SessionTransaction] = WeakSet()
    transaction: SessionTransaction | None = (
        session.get_nested_transaction() or session.get_transaction() or session.begin()
    )
    while transaction is not None:
        # Those that a flush makes for itself in between end without undoing anything.
        if transaction.nested or transaction.parent is None:
            within.add(transaction)
        transaction = transaction.parent
    return within
