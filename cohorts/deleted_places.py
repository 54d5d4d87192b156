"""Places in cohorts that stay, without a name, when an account is deleted: of a running cohort, and where others answered a check-in."""

import datetime

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import ngettext

from .models import CheckIn, CheckInReply, Membership


def kept_places(user, now: datetime.datetime | None = None) -> list[Membership]:
    """The places of `user` that others rest on: their cohort runs, or somebody else wrote below a check-in there."""
    return sorted({*_running(user, now or timezone.now()), *_talked_at(user)}, key=lambda place: place.pk)


def _places(user):
    return Membership.objects.filter(user=user).exclude(state=Membership.State.INVITED).select_related("cohort__session")


def _running(user, now: datetime.datetime) -> list[Membership]:
    published = _places(user).filter(cohort__session__published_at__isnull=False)
    return [place for place in published if now < place.cohort.session.ends_at]


def _talked_at(user) -> list[Membership]:
    return list(_places(user).filter(checkins__in=_talks(user)).distinct())


def _talks(user):
    """Check-ins of `user` below which somebody else wrote."""
    others = CheckInReply.objects.filter(checkin=OuterRef("pk")).exclude(author=user)
    return CheckIn.objects.filter(Exists(others), membership__user=user)


def stays(user, now: datetime.datetime | None = None) -> list[str]:
    """What of it stays, in sentences with the reason."""
    lines = []
    running = len(_running(user, now or timezone.now()))
    if running:
        lines.append(
            ngettext(
                "Your place in %(count)s running cohort, without your name and marked as left: the others go on, and its plan counts on it.",
                "Your places in %(count)s running cohorts, without your name and marked as left: the others go on, and their plans count on them.",
                running,
            )
            % {"count": running}
        )
    talks = _talks(user).count()
    if talks:
        lines.append(
            ngettext(
                "What others wrote below %(count)s check-in of yours, without your words and your name: it is theirs.",
                "What others wrote below %(count)s check-ins of yours, without your words and your name: it is theirs.",
                talks,
            )
            % {"count": talks}
        )
    return lines


def empty_places(user, now: datetime.datetime | None = None) -> None:
    """Delete the places of `user`, and take from those that stay all that the person wrote or that was noted about them."""
    now = now or timezone.now()
    kept = kept_places(user, now)
    Membership.objects.filter(user=user).exclude(pk__in=[place.pk for place in kept]).delete()
    talks = set(_talks(user).values_list("pk", flat=True))
    for place in kept:
        _delete_what_hangs_on(place)
        place.checkins.exclude(pk__in=talks).delete()
        CheckInReply.objects.filter(checkin__membership=place, author=user).delete()
        place.checkins.update(
            did="", learned="", stuck="", next="", hours=None, energy=None, wants_to_talk=False, saved_by_form=""
        )
        if place.state in (Membership.State.ACTIVE, Membership.State.RESTING) and now < place.cohort.session.ends_at:
            place.state = Membership.State.LEFT
            place.left_at = now
        place.leaving_reason = ""
        place.resting_until = place.extended_until = None
        place.save()


def _delete_what_hangs_on(place: Membership) -> None:
    """All that would have gone with the place, whichever app made it: check-ins are looked at one by one."""
    for relation in Membership._meta.related_objects:
        if relation.on_delete is models.CASCADE and relation.related_model is not CheckIn:
            relation.related_model._base_manager.filter(**{relation.field.name: place}).delete()
