"""An action on many runs at once: in pieces, for as long as a request may take, and with an honest account of it."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from background.actions import ActionRefused, log
from background.models import TaskRun

#: Runs in one transaction: on SQLite nobody else writes meanwhile.
AT_ONCE = 100

#: Seconds after which a request begins no further piece.
TIME = 8.0


@dataclass
class Tally:
    """What came of it. `left`: how many were not looked at, because it took too long."""

    done: int = 0
    refused: Counter = field(default_factory=Counter)
    #: Of the last one that was refused, with its name.
    text: str = ""
    left: int = 0

    @property
    def refusals(self) -> str:
        """Why others were left as they are, in one sentence; empty where none was."""
        total = self.refused.total()
        if not total:
            return ""
        if total == 1 and self.text:
            return self.text
        reasons = ", ".join(f"{number} ({reason})" for reason, number in self.refused.most_common())
        return _("Left as they were: %(reasons)s.") % {"reasons": reasons}


def do_to_many(
    action: Callable[..., object],
    runs: QuerySet,
    *,
    states: tuple[str, ...],
    by,
    note,
    clock: Callable[[], float] = time.monotonic,
) -> Tally:
    """Call `action` with each of the runs. Of many, only with those in one of `states`: the others are counted as refused.

    `note` is what the history says of each that was done.
    """
    tally = Tally()
    until = clock() + TIME
    # The keys are read beforehand: an action changes the states by which the runs were chosen.
    keys = list(runs.order_by("pk").values_list("pk", flat=True)[: AT_ONCE + 1])
    if len(keys) > AT_ONCE:
        others = runs.order_by().exclude(state__in=states).values_list("state").annotate(number=Count("pk"))
        tally.refused.update({str(TaskRun.State(state).label): number for state, number in others})
        keys = list(runs.order_by("pk").filter(state__in=states).values_list("pk", flat=True))
    for start in range(0, len(keys), AT_ONCE):
        if start and clock() > until:
            tally.left = len(keys) - start
            break
        with transaction.atomic():
            done = [key for key in keys[start : start + AT_ONCE] if _do(action, key, tally)]
            log(TaskRun.objects.filter(pk__in=done).only("task_path", "about"), by=by, text=note)
    return tally


def _do(action: Callable[..., object], key: int, tally: Tally) -> bool:
    # Each action is a transaction of its own within: one that is refused undoes nothing of the others.
    try:
        action(TaskRun(pk=key))
    except ActionRefused as refusal:
        tally.refused[refusal.reason] += 1
        tally.text = str(refusal)
        return False
    except TaskRun.DoesNotExist:
        tally.refused[_("no longer there")] += 1
        return False
    tally.done += 1
    return True
