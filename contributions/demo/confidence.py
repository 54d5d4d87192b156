"""Whom people of the demonstration can turn to, and one report that was sent to one of them."""

import datetime

from django.utils import timezone

from accounts.models import User
from cohorts.concerns import add_note, change_state, mark_read, new_key, report
from cohorts.models import ConcernContact, Membership, Session

from . import weeks_texts as texts


def seed_confidence(session: Session, accounts: dict[str, User]) -> None:
    """Name contacts for the site and for `session`, and have a member report something that the captain looks into."""
    for order, (part, of_session) in enumerate((("captain", True), ("organiser", True), ("admin", False))):
        ConcernContact.objects.create(
            user=accounts[part], session=session if of_session else None, line=texts.CONTACT_LINES[part], order=order
        )
    captain, now = accounts["captain"], timezone.now()
    members = Membership.objects.filter(cohort__session=session, role="member").exclude(user=accounts["member"])
    place = members.select_related("user").order_by("pk")[0]
    sent = now - datetime.timedelta(days=4)
    concern = report(
        by=place.user,
        text=texts.CONCERN,
        happened=texts.CONCERN_HAPPENED,
        readers=[captain.pk],
        key=new_key(),
        session=session,
        now=sent,
    )
    mark_read(concern, by=captain, now=sent + datetime.timedelta(hours=9))
    change_state(concern, "looking", by=captain, now=sent + datetime.timedelta(hours=10))
    add_note(concern, texts.CONCERN_ANSWER, by=captain, shared=True, now=sent + datetime.timedelta(hours=10))
