"""Deliveries that arrive at the same time, stored together: one transaction for as many as wait, so that many can come at once."""

import threading
from collections.abc import Callable, Sequence

from .deliveries import Delivery, take_deliveries

#: Deliveries stored in one transaction.
AT_ONCE = 100


class _Ticket:
    """One delivery that waits until another thread has stored it, or leaves the storing to it."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.turn = threading.Event()
        self.leads = False
        self.stored = False


class Inbox:
    """`put` returns once the delivery is stored, and raises where it cannot be. Whoever comes first stores at once, alone.

    Those that come meanwhile wait, in this process; the first of them stores them all. So no delivery waits for others to
    come, and a hundred cost little more than one.
    """

    def __init__(self, store: Callable[[Sequence[Delivery]], None] = take_deliveries) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._waiting: list[_Ticket] = []
        self._busy = False

    def put(self, delivery: Delivery) -> None:
        ticket = _Ticket(delivery)
        with self._lock:
            self._waiting.append(ticket)
            if not self._busy:
                self._busy = ticket.leads = True
        if not ticket.leads:
            ticket.turn.wait()
        if ticket.leads:
            self._store_waiting()
        if not ticket.stored:
            # It was stored with others, and that failed: by the fault of one of them, perhaps.
            self._store([delivery])

    def _store_waiting(self) -> None:
        """By the thread whose delivery stands first. Raises only where it stands alone."""
        with self._lock:
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
        try:
            self._store([ticket.delivery for ticket in batch])
        except Exception:
            if len(batch) == 1:
                raise
        else:
            for ticket in batch:
                ticket.stored = True
        finally:
            # Whatever became of it, nobody waits for a thread that is gone.
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._busy = following is not None
            if following is not None:
                following.leads = True
                following.turn.set()
            for ticket in batch[1:]:
                ticket.turn.set()


inbox = Inbox()
