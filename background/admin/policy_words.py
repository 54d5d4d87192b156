"""How a task is run, in words: from its policy."""

import datetime
import inspect

from django.tasks import Task
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from background.policy import Backoff, Policy, policies, policy_of
from background.schedules import scheduled

from .timing_words import timing_in_words
from .words import span

#: How many waits between attempts are written out.
WRITTEN_OUT = 5


def task_at(path: str) -> Task | None:
    """The task of this dotted path; None where this version of the site has none."""
    try:
        found = import_string(path)
    except ImportError:
        return None
    return found if isinstance(found, Task) else None


def purpose_of(path: str) -> str:
    """The first sentence of what the task's author wrote about it; empty where that is nothing."""
    task = task_at(path)
    text = inspect.getdoc(task.func) if task is not None else None
    return text.strip().partition("\n\n")[0].replace("\n", " ") if text else ""


def parameters_of(path: str) -> list[str]:
    """The names of what the task is given, in their order; empty where there is no such task."""
    task = task_at(path)
    if task is None:
        return []
    found = inspect.signature(task.func).parameters.values()
    names = [one.name for one in found if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    return names[1:] if task.takes_context else names


def policy_in_words(path: str) -> list[str]:
    """A sentence for each thing that the policy says."""
    if task_at(path) is None:
        return [_("This version of the site has no such task. What waits fails when a worker takes it.")]
    policy = policy_of(path)
    lines = [_attempts(policy)]
    if path not in policies:
        lines[0] = _("It is declared without a policy: it is tried once.")
    if policy.time_limit is not None:
        limit = span(datetime.timedelta(seconds=policy.time_limit))
        lines.append(_("It is interrupted after %(time)s.") % {"time": limit})
    if policy.atomic:
        lines.append(_("What it does to the database happens exactly once."))
    elif policy.at_most_once:
        lines.append(_("It runs at most once: where its worker is lost it fails."))
    else:
        lines.append(_("Where its worker is lost it runs again."))
    if policy.unique:
        lines.append(_("While one waits or runs, no second one is queued for the same."))
    if path in scheduled:
        lines.append(_("It runs by a schedule: %(timing)s.") % {"timing": timing_in_words(path)})
    return lines


def _attempts(policy: Policy) -> str:
    if policy.max_attempts == 1:
        return _("It is tried once.")
    text = ngettext("It is tried %(number)s time at most", "It is tried %(number)s times at most", policy.max_attempts)
    text %= {"number": policy.max_attempts}
    if policy.retry_on != (Exception,):
        text += " " + _("(again only after %(errors)s)") % {"errors": ", ".join(one.__name__ for one in policy.retry_on)}
    if not isinstance(policy.backoff, Backoff):
        return _("%(attempts)s, waiting between them as the task's own rule says.") % {"attempts": text}
    backoff = policy.backoff
    waits = [
        min(backoff.longest, backoff.first * backoff.factor**step) for step in range(min(policy.max_attempts - 1, WRITTEN_OUT))
    ]
    written = ", ".join(span(datetime.timedelta(seconds=seconds)) for seconds in waits)
    if policy.max_attempts - 1 > WRITTEN_OUT:
        written += _(" … up to %(time)s") % {"time": span(datetime.timedelta(seconds=backoff.longest))}
    return _("%(attempts)s, waiting about %(times)s between them.") % {"attempts": text, "times": written}
