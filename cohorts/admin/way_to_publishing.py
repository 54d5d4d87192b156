"""What is left to do between the end of the review and the mails, step by step, for the page of a session."""

from dataclasses import dataclass

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cohorts.models import Application, Session
from cohorts.stages import Stage, stage_of

#: The pages of the steps, by the last part of their names.
PAGES = ("tiers", "form_cohorts", "ranking", "publish")


@dataclass(frozen=True)
class Left:
    """One step: its name, how far it is, and its page. `is_next` marks the first one that is not done."""

    label: str
    said: str
    url: str
    is_done: bool = False
    is_next: bool = False


def way_to_publishing(session: Session, *, by) -> list[Left]:
    """The steps while `session` is being decided, in the order in which they help; empty at every other stage. One query.

    Counts only applications on which `by` decides: the page tells nobody of a decision about themselves.
    """
    if stage_of(session) != Stage.DECIDING:
        return []
    status, decision = Application.Status, Application.Decision
    considered = Q(status__in=[status.SUBMITTED, status.WAITLISTED]) & ~Q(eligibility=Application.Eligibility.NOT_ELIGIBLE)
    count = (
        Application.objects.decided_by(by)
        .filter(session=session)
        .aggregate(
            considered=Count("pk", filter=considered),
            without_tier=Count("pk", filter=considered & Q(tier=None)),
            offers=Count("pk", filter=Q(pending_decision=decision.OFFER)),
            undecided=Count("pk", filter=Q(status=status.SUBMITTED, pending_decision=decision.NONE)),
        )
    )
    page = {name: reverse(f"admin:cohorts_session_{name}", args=[session.pk]) for name in PAGES}
    tiers = _("all have a tier")
    if count["without_tier"]:
        tiers = ngettext("%(count)s person has no tier", "%(count)s people have no tier", count["without_tier"])
    offers = ngettext("%(count)s offer is noted", "%(count)s offers are noted", count["offers"])
    undecided = _("everybody has a decision")
    if count["undecided"]:
        undecided = ngettext("%(count)s has no decision", "%(count)s have no decision", count["undecided"])
    steps = [
        Left(_("Propose tiers"), tiers % {"count": count["without_tier"]}, page["tiers"], is_done=not count["without_tier"]),
        Left(_("Form cohorts"), offers % {"count": count["offers"]}, page["form_cohorts"], is_done=bool(count["offers"])),
        Left(
            _("Decide on the others"),
            undecided % {"count": count["undecided"]},
            f"{page['ranking']}?decision=none" if count["undecided"] else page["ranking"],
            is_done=not count["undecided"],
        ),
        Left(_("Publish decisions"), _("shows every mail first, and asks"), page["publish"]),
    ]
    # Whoever works without tiers is not sent back to them.
    first = 1 if count["offers"] else 0
    following = next(number for number, step in enumerate(steps) if number >= first and not step.is_done)
    return [Left(step.label, step.said, step.url, step.is_done, is_next=number == following) for number, step in enumerate(steps)]
