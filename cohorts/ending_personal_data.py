"""What a person's export and the deletion of an account do about places in cohorts, farewells and testimonials."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import people_registry
from accounts.people_registry import Deletion
from accounts.personal_data import iso

from .models import Farewell, Membership, MembershipEvent, Testimonial


def _changes_of_places(user) -> list[dict[str, Any]]:
    """What became of the person's own places, with the notes about it. Who noted them is not theirs to take along."""
    found = MembershipEvent.objects.filter(membership__user=user).exclude(membership__state=Membership.State.INVITED)
    return [
        {
            "session": event.membership.cohort.session.slug,
            "cohort": event.membership.cohort.name,
            "what": event.what,
            "at": iso(event.at),
            "by_yourself": event.actor_id == user.pk,
            "note": event.note,
        }
        for event in found.select_related("membership__cohort__session").order_by("at", "pk")
    ]


def _farewells(user) -> list[dict[str, Any]]:
    found = Farewell.objects.filter(membership__user=user).select_related("membership__cohort__session").order_by("pk")
    return [
        {
            "session": farewell.membership.cohort.session.slug,
            "did": farewell.did,
            "glad_about": farewell.proud,
            "thanks": farewell.thanks,
            "would_be_navigator": farewell.wants_navigator,
            "would_be_captain": farewell.wants_captain,
            "would_help_to_organise": farewell.wants_organiser,
            "for_the_organisers": farewell.wants_note,
            "handed_in_at": iso(farewell.written_at),
        }
        for farewell in found
    ]


def _testimonials(user) -> list[dict[str, Any]]:
    found = Testimonial.objects.filter(author=user).select_related("session").order_by("pk")
    return [
        {
            "session": testimonial.session.slug,
            "text": testimonial.text,
            "signed": testimonial.signed,
            "state": testimonial.state,
            "note_to_you": testimonial.moderation_note,
            "written_at": iso(testimonial.created_at),
        }
        for testimonial in found
    ]


SECTIONS = {"changes_of_places": _changes_of_places, "farewells": _farewells, "testimonials": _testimonials}


def preview(user) -> Deletion:
    goes, stays = [], []
    if Farewell.objects.filter(membership__user=user).exists():
        goes.append(_("Your farewells, also from the closing pages of your cohorts."))
    testimonials = Testimonial.objects.filter(author=user).count()
    if testimonials:
        goes.append(
            ngettext("%(count)s testimonial, published or not.", "%(count)s testimonials, published or not.", testimonials)
            % {"count": testimonials}
        )
    noted = MembershipEvent.objects.filter(actor=user).exclude(membership__user=user).count()
    if noted:
        stays.append(
            ngettext(
                "%(count)s change of somebody’s place that you noted, without your name.",
                "%(count)s changes of people’s places that you noted, without your name.",
                noted,
            )
            % {"count": noted}
        )
    return Deletion(goes=goes, stays=stays)


def erase(user) -> None:
    """What hangs on places goes with them: see `personal_data.erase`."""
    Testimonial.objects.filter(author=user).delete()
    Testimonial.objects.filter(moderated_by=user).update(moderated_by=None)
    MembershipEvent.objects.filter(actor=user).update(actor=None)


def register() -> None:
    people_registry.export_sections.update(SECTIONS)
    if preview not in people_registry.deletion_previews:
        people_registry.deletion_previews.append(preview)
        people_registry.erasers.append(erase)
