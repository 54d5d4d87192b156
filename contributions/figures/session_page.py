"""What the page of a session says in figures: a few lines once it is over, and the way to all of them."""

import datetime

from django.core.cache import cache
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cohorts.figures import MoreFigures
from cohorts.models import Session

from .access import is_public, reads_in_full
from .counting import Line
from .report import public_total
from .words import waits_sentence

KEPT = datetime.timedelta(minutes=10)


def work_figures(session: Session, user, now: datetime.datetime) -> MoreFigures | None:
    """For `cohorts.figures`: nothing where `user` may not read the figures of `session`."""
    open_to_all = is_public(session, now)
    if not open_to_all and not (now >= session.begins_at and reads_in_full(user, session)):
        return None
    facts = facts_in_words(_kept_total(session)) if open_to_all else []
    return MoreFigures(facts, reverse("session_figures", args=[session.slug]))


def facts_in_words(total: Line) -> list[str]:
    """What everybody may read of a whole session; what is not told, and what did not happen, is left out."""
    words = []
    for measure, say in (
        ("opened", lambda n: ngettext("%(n)s pull request opened", "%(n)s pull requests opened", n)),
        ("merged", lambda n: ngettext("%(n)s pull request merged", "%(n)s pull requests merged", n)),
        ("reviews", lambda n: ngettext("%(n)s review given", "%(n)s reviews given", n)),
        ("first", lambda n: ngettext("%(n)s first contribution", "%(n)s first contributions", n)),
    ):
        number = total[measure].count
        if number:
            words.append(say(number) % {"n": number})
    if waits := waits_sentence(total.waits):
        words.append(_("First answers: %(words)s") % {"words": waits})
    return words


def _kept_total(session: Session) -> Line:
    """The same for every visitor, counted anew every ten minutes. It rests on nobody's consent."""
    key = f"figures:session:1:{session.pk}:{session.updated_at.timestamp()}"
    kept = cache.get(key)
    if kept is None:
        kept = public_total(session)
        cache.set(key, kept, KEPT.total_seconds())
    return kept
