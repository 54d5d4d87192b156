"""What offers to help, invitations and training add to a person's export, and what deleting an account does to them."""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import people_registry
from accounts.models import Message
from accounts.people_registry import Deletion
from accounts.personal_data import iso

from .models import RoleInvitation, TrainingDone, Volunteer
from .questions import form_questions
from .volunteers import DRAFT, answers_of


def _volunteering(user) -> list[dict[str, Any]]:
    found = Volunteer.objects.of(user).select_related("session").prefetch_related("projects", "session__questions")
    return [
        {
            "session": one.session.slug,
            "role": one.role,
            "state": one.state,
            "asked_at": iso(one.invited_at),
            "handed_in_at": iso(one.submitted_at),
            "answered_at": iso(one.decided_at),
            "note": one.note,
            "projects": [project.name for project in one.projects.all()],
            "answers": [
                {"question": question, "answer": answer}
                for question, answer in answers_of(one, form_questions(one.session, one.role))
            ],
            "draft": one.values.get(DRAFT, {}),
        }
        for one in found.order_by("created_at", "pk")
    ]


def _training(user) -> list[dict[str, Any]]:
    found = TrainingDone.objects.filter(user=user).select_related("task__session").order_by("done_at", "pk")
    return [{"session": one.task.session.slug, "task": one.task.title, "done_at": iso(one.done_at)} for one in found]


def _asked(user) -> list[dict[str, Any]]:
    """Invitations to take a part that wait at this person's addresses, and those that the person wrote to others."""
    found = (
        RoleInvitation.objects.filter(Q(invited_by=user) | RoleInvitation.is_to(user)).select_related("session").order_by("pk")
    )
    return [
        {
            "session": one.session.slug,
            "role": one.role,
            # Others' addresses are theirs.
            "direction": "from you" if one.invited_by_id == user.pk else "to you",
            "asked_at": iso(one.invited_at),
        }
        for one in found
    ]


SECTIONS = {"volunteering": _volunteering, "training": _training, "role_invitations": _asked}


def preview(user) -> Deletion:
    goes, stays = [], []
    offers = Volunteer.objects.of(user).count()
    if offers:
        goes.append(
            ngettext(
                "%(count)s offer or invitation to help in a session, with what you wrote.",
                "%(count)s offers or invitations to help in sessions, with what you wrote.",
                offers,
            )
            % {"count": offers}
        )
    if TrainingDone.objects.filter(user=user).exists():
        goes.append(_("What you ticked of the training for people who help."))
    answered = Volunteer.objects.filter(decided_by=user).exclude(user=user).count()
    if answered:
        stays.append(
            ngettext(
                "%(count)s answer that you gave to somebody who offered to help, without your name.",
                "%(count)s answers that you gave to people who offered to help, without your name.",
                answered,
            )
            % {"count": answered}
        )
    return Deletion(goes=goes, stays=stays)


def erase(user) -> None:
    """Delete what goes; answers to others stay, without saying whose they were."""
    own = list(Volunteer.objects.of(user).select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    # Mails to addresses have no recipient: they go with what they are about.
    about = ContentType.objects.get_for_model(Volunteer)
    Message.objects.filter(about_type=about, about_id__in=own).delete()
    Volunteer.objects.filter(pk__in=own).delete()
    TrainingDone.objects.filter(user=user).delete()
    # What waits at this person's addresses goes with its mails; invitations that they wrote to others end, since nobody stands for them.
    asked = RoleInvitation.objects.filter(Q(invited_by=user) | RoleInvitation.is_to(user))
    of_kind = ContentType.objects.get_for_model(RoleInvitation)
    Message.objects.filter(about_type=of_kind, about_id__in=list(asked.values_list("pk", flat=True))).delete()
    asked.delete()
    Volunteer.objects.filter(invited_by=user).update(invited_by=None)
    Volunteer.objects.filter(decided_by=user).update(decided_by=None)


def register() -> None:
    people_registry.export_sections.update(SECTIONS)
    if preview not in people_registry.deletion_previews:
        people_registry.deletion_previews.append(preview)
        people_registry.erasers.append(erase)
