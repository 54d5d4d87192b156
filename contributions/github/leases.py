"""One sync at a time uses a token, in whatever process it runs: a lease is a name and a time on the token's budget.

It is taken, renewed and given back by one conditional UPDATE each, so that no lock is held while GitHub is asked. Whoever falls
silent for longer than a lease lasts may be taken over, and finds that out before the next request.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from contributions.models import ApiBudget

from .errors import LeaseLost

#: Longer than the longest time between two requests: one that times out, and the storing of what the one before brought.
LEASE = timedelta(seconds=90)
#: A lease that is younger needs no renewal: nobody can have taken it.
RENEW_EVERY = timedelta(seconds=20)


class Lease:
    """The use of one token, from `take` to `give_back`."""

    def __init__(self, budget: ApiBudget, holder: str, renewed_at: datetime) -> None:
        self.budget = budget
        self._holder = holder
        self._renewed_at = renewed_at

    @classmethod
    def take(cls, budget: ApiBudget, holder: str) -> "Lease | None":
        """The lease of a token for `holder`, or None where somebody else has it. The row is read afresh."""
        now = timezone.now()
        # The same holder may have two at work: a worker that was taken for lost, and the one that carries on.
        name = f"{holder[:50]} {secrets.token_hex(4)}"
        free = Q(leased_until=None) | Q(leased_until__lte=now)
        if not ApiBudget.objects.filter(free, pk=budget.pk).update(leased_by=name, leased_until=now + LEASE):
            return None
        budget.refresh_from_db()
        return cls(budget, name, now)

    def keep(self) -> None:
        """Renew it where that is due. Raises `LeaseLost` where somebody else has taken the token meanwhile."""
        now = timezone.now()
        if self._renewed_at <= now < self._renewed_at + RENEW_EVERY:
            return
        if not self._own().update(leased_until=now + LEASE):
            message = _("Somebody else took over, because nothing was heard of this sync for a while.")
            raise LeaseLost(message, retry_at=now + RENEW_EVERY)
        self._renewed_at = now

    def write(self, **values: Any) -> bool:
        """Write on the budget while the lease is ours; False where it is not any more, and then nothing is written."""
        return bool(self._own().update(**values))

    def give_back(self, **values: Any) -> bool:
        """Let others use the token, in the same statement as writing `values`; False where it was lost before."""
        return bool(self._own().update(leased_by="", leased_until=None, **values))

    def _own(self):
        return ApiBudget.objects.filter(pk=self.budget.pk, leased_by=self._holder)
