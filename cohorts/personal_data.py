"""What `cohorts` adds to a person's export, and what deleting an account does to its rows."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import people_registry
from accounts.models import Message
from accounts.people_registry import Deletion, ExportFile
from accounts.personal_data import iso

from . import deleted_places
from .files import open_url
from .models import (
    Accommodation,
    AnswerFile,
    Application,
    ApplicationEvent,
    CheckIn,
    Conflict,
    LateAccess,
    LateCode,
    Membership,
    MessageTemplate,
    Proposal,
    Publication,
    Review,
    ReviewAssignment,
    ReviewCapacity,
    ReviewClaim,
    Session,
    SessionRole,
)
from .reviews import comments_for_applicant


def _applications(user) -> list[dict[str, Any]]:
    """The person's applications. What organisers noted for a decision that is not published belongs to the decision, not here."""
    found = (
        Application.objects.filter(applicant=user)
        .select_related("session", "accommodation")
        .prefetch_related("answers__question", "files__question", "project_preferences__project", "events")
        .order_by("created_at", "pk")
    )
    return [
        {
            "session": application.session.slug,
            "status": application.get_status_display(),
            "begun_at": iso(application.created_at),
            "submitted_at": iso(application.submitted_at),
            "answer_by": iso(application.answer_by),
            "draft": application.draft,
            "answers": [
                {"question": answer.asked or answer.question.label, "answer": answer.value}
                for answer in application.answers.all()
            ],
            "files": [_file(file) for file in application.files.all()],
            "content_warning": application.content_warning,
            "what_would_help": application.accommodation.text if hasattr(application, "accommodation") else "",
            # What an organiser decided by hand is that person's, and the rules then say nothing.
            "reasons_by_rules": [] if application.eligibility_by_hand else application.rule_reasons,
            "project_preferences": [preference.project.name for preference in application.project_preferences.all()],
            "comments_of_reviewers": comments_for_applicant(application),
            "history": [
                {"from": event.from_status, "to": event.to_status, "at": iso(event.at)} for event in application.events.all()
            ],
        }
        for application in found
    ]


def _file(file: AnswerFile) -> dict[str, Any]:
    """About a file; the file itself is a download at its address, while logged in."""
    return {
        "id": file.pk,
        "question": file.question.label,
        "name": file.name,
        "content_type": file.content_type,
        "bytes": file.size,
        "uploaded_at": iso(file.uploaded_at),
        "address": f"{settings.SITE_URL}{open_url(file)}",
    }


def _memberships(user) -> list[dict[str, Any]]:
    """Places in cohorts, as far as the person may know of them, with the check-ins."""
    found = (
        Membership.objects.filter(user=user)
        .exclude(state=Membership.State.INVITED)
        .select_related("cohort__session", "cohort__project")
        .prefetch_related("checkins__week")
        .order_by("joined_at", "pk")
    )
    return [
        {
            "session": membership.cohort.session.slug,
            "cohort": membership.cohort.name,
            "project": membership.cohort.project.name if membership.cohort.project else None,
            "role": membership.role,
            "state": membership.state,
            "joined_at": iso(membership.joined_at),
            "left_at": iso(membership.left_at),
            "leaving_reason": membership.leaving_reason,
            "rests_until": iso(membership.resting_until),
            "goes_on_until": iso(membership.extended_until),
            "checkins": [_checkin(checkin) for checkin in membership.checkins.all()],
        }
        for membership in found
    ]


def _checkin(checkin: CheckIn) -> dict[str, Any]:
    return {
        "week": checkin.week.number,
        "did": checkin.did,
        "learned": checkin.learned,
        "stuck": checkin.stuck,
        "next": checkin.next,
        "hours": None if checkin.hours is None else str(checkin.hours),
        "energy": checkin.energy,
        "wants_to_talk": checkin.wants_to_talk,
        "resting": checkin.resting,
        "written_at": iso(checkin.written_at),
    }


def _roles(user) -> list[dict[str, Any]]:
    return [
        {"session": role.session.slug, "role": role.role, "reads_accommodations": role.reads_accommodations}
        for role in SessionRole.objects.filter(user=user).select_related("session").order_by("pk")
    ]


def _reviews(user) -> list[dict[str, Any]]:
    """Reviews that the person wrote. Whose application it was is somebody else's: only its number is here."""
    found = Review.objects.filter(reviewer=user).select_related("application__session").prefetch_related("scores__criterion")
    return [
        {
            "session": review.application.session.slug,
            "application": review.application_id,
            "scores": {score.criterion.name: score.value for score in review.scores.all()},
            "confidence": review.get_confidence_display(),
            "private_comment": review.private_comment,
            "shareable_comment": review.shareable_comment,
            "handed_in_at": iso(review.handed_in_at),
        }
        for review in found.order_by("created_at", "pk")
    ]


def _review_limits(user) -> list[dict[str, Any]]:
    """The most reviews that organisers noted for the person, by session."""
    found = ReviewCapacity.objects.filter(reviewer=user).select_related("session").order_by("pk")
    return [{"session": capacity.session.slug, "most_reviews": capacity.most} for capacity in found]


def _review_claims(user) -> list[dict[str, Any]]:
    """Which applications the person opened to review, and until when the queue keeps them from others."""
    found = ReviewClaim.objects.filter(reviewer=user).select_related("application__session").order_by("pk")
    return [
        {
            "session": claim.application.session.slug,
            "application": claim.application_id,
            "since": iso(claim.claimed_at),
            "until": iso(claim.until),
        }
        for claim in found
    ]


def _late_access(user) -> list[dict[str, Any]]:
    """Codes that the person used to apply late. The code itself is the organisers' secret."""
    found = LateAccess.objects.filter(person=user).select_related("code__session").order_by("pk")
    return [
        {"session": access.code.session.slug, "until": iso(access.code.expires_at), "used_at": iso(access.used_at)}
        for access in found
    ]


def _late_codes(user) -> list[dict[str, Any]]:
    """Codes that the person made for others, without their text."""
    found = LateCode.objects.filter(made_by=user).select_related("session").order_by("pk")
    return [
        {"session": code.session.slug, "note": code.note, "made_at": iso(code.created_at), "until": iso(code.expires_at)}
        for code in found
    ]


def _proposals(user) -> list[dict[str, Any]]:
    """Proposals of cohorts that the person asked for or accepted. Whom they place is other people's."""
    found = Proposal.objects.filter(Q(made_by=user) | Q(accepted_by=user)).select_related("session").order_by("pk")
    return [
        {
            "session": proposal.session.slug,
            "asked_for_at": iso(proposal.created_at) if proposal.made_by_id == user.pk else None,
            "accepted_at": iso(proposal.accepted_at) if proposal.accepted_by_id == user.pk else None,
        }
        for proposal in found
    ]


def _publications(user) -> list[dict[str, Any]]:
    """When the person published decisions. What was decided about whom is other people's."""
    found = Publication.objects.filter(made_by=user).select_related("session").order_by("pk")
    return [
        {
            "session": publication.session.slug,
            "asked_for_at": iso(publication.created_at),
            "published_at": iso(publication.decided_at),
        }
        for publication in found
    ]


def _mail_words(user) -> list[dict[str, Any]]:
    """Mails of sessions whose words the person was the last to change."""
    found = MessageTemplate.objects.filter(updated_by=user).select_related("session").order_by("pk")
    return [
        {
            "session": template.session.slug,
            "mail": template.kind,
            "language": template.language,
            "subject": template.subject,
            "text": template.body,
            "changed_at": iso(template.updated_at),
        }
        for template in found
    ]


SECTIONS = {
    "applications": _applications,
    "memberships": _memberships,
    "session_roles": _roles,
    "reviews": _reviews,
    "review_limits": _review_limits,
    "review_claims": _review_claims,
    "late_access": _late_access,
    "late_codes_made": _late_codes,
    "proposals_of_cohorts": _proposals,
    "publications": _publications,
    "words_of_mails": _mail_words,
}


def preview(user) -> Deletion:
    goes = []
    applications = Application.objects.filter(applicant=user).count()
    if applications:
        goes.append(
            ngettext(
                "%(count)s application, with its answers, its history and its reviews.",
                "%(count)s applications, with their answers, their history and their reviews.",
                applications,
            )
            % {"count": applications}
        )
    files = AnswerFile.objects.filter(application__applicant=user).count()
    if files:
        goes.append(
            ngettext("%(count)s file that you added to an application.", "%(count)s files that you added to applications.", files)
            % {"count": files}
        )
    if Accommodation.objects.filter(application__applicant=user).exists():
        goes.append(_("What you wrote about what would help you take part."))
    if LateAccess.objects.filter(person=user).exists():
        goes.append(_("That you used a code to apply late."))
    memberships = Membership.objects.filter(user=user).aggregate(places=Count("pk", distinct=True), checkins=Count("checkins"))
    places = memberships["places"] - len(deleted_places.kept_places(user))
    if places:
        goes.append(ngettext("Your place in %(count)s cohort.", "Your places in %(count)s cohorts.", places) % {"count": places})
    if memberships["checkins"]:
        goes.append(
            ngettext("%(count)s weekly check-in.", "%(count)s weekly check-ins.", memberships["checkins"])
            % {"count": memberships["checkins"]}
        )
    stays = []
    handed_in = Review.objects.filter(reviewer=user, handed_in_at__isnull=False).exclude(application__applicant=user).count()
    if handed_in:
        stays.append(
            ngettext(
                "%(count)s review that you handed in, without your name: a decision about somebody else rests on it.",
                "%(count)s reviews that you handed in, without your name: decisions about other people rest on them.",
                handed_in,
            )
            % {"count": handed_in}
        )
    moves = ApplicationEvent.objects.filter(actor=user).exclude(application__applicant=user).count()
    if moves:
        stays.append(
            ngettext(
                "%(count)s decision that you entered about an application, without your name: applicants may ask how it went.",
                "%(count)s decisions that you entered about applications, without your name: applicants may ask how it went.",
                moves,
            )
            % {"count": moves}
        )
    codes = LateCode.objects.filter(made_by=user).count()
    if codes:
        stays.append(
            ngettext(
                "%(count)s code for late applications that you made, without your name: people may be using it.",
                "%(count)s codes for late applications that you made, without your name: people may be using them.",
                codes,
            )
            % {"count": codes}
        )
    proposals = Proposal.objects.filter(Q(made_by=user) | Q(accepted_by=user)).count()
    if proposals:
        stays.append(
            ngettext(
                "%(count)s proposal of cohorts that you asked for or accepted, without your name.",
                "%(count)s proposals of cohorts that you asked for or accepted, without your name.",
                proposals,
            )
            % {"count": proposals}
        )
    publications = Publication.objects.filter(made_by=user).count()
    if publications:
        stays.append(
            ngettext(
                "That decisions of a session were published %(count)s time, without your name.",
                "That decisions of sessions were published %(count)s times, without your name.",
                publications,
            )
            % {"count": publications}
        )
    templates = MessageTemplate.objects.filter(updated_by=user).count()
    if templates:
        stays.append(
            ngettext(
                "The words of %(count)s mail of a session that you changed last, without your name.",
                "The words of %(count)s mails of sessions that you changed last, without your name.",
                templates,
            )
            % {"count": templates}
        )
    warnings = [
        _("You are the only organiser of “%(session)s”. Make somebody else an organiser first.") % {"session": session.name}
        for session in _only_organised_by(user)
    ]
    return Deletion(goes=goes, stays=[*deleted_places.stays(user), *stays], warnings=warnings)


def _only_organised_by(user):
    """Sessions that are not archived and that nobody but `user` organises."""
    organisers = Count("roles", filter=Q(roles__role="organiser", roles__user__is_active=True))
    mine = SessionRole.objects.filter(user=user, role="organiser").values("session_id")
    return Session.objects.filter(pk__in=mine, archived_at=None).annotate(organisers=organisers).filter(organisers=1)


def erase(user) -> None:
    """Delete what goes. Reviews that were handed in and moves stay with the emptied account: see `preview`."""
    applications = Application.objects.filter(applicant=user)
    # Whoever submits or reviews locks the application first: what is being written there now is seen, and goes as well.
    touched = Q(applicant=user) | Q(pk__in=Review.objects.filter(reviewer=user).values("application"))
    list(Application.objects.select_for_update().filter(touched).order_by("pk").values_list("pk"))
    # Mails to others about the application may name the applicant.
    about = ContentType.objects.get_for_model(Application)
    Message.objects.filter(about_type=about, about_id__in=list(applications.values_list("pk", flat=True))).delete()
    # With their answers, files and accommodations; the bytes of the files go after the commit.
    applications.delete()
    LateAccess.objects.filter(person=user).delete()
    LateCode.objects.filter(made_by=user).update(made_by=None)
    Proposal.objects.filter(made_by=user).update(made_by=None)
    Proposal.objects.filter(accepted_by=user).update(accepted_by=None)
    ReviewClaim.objects.filter(reviewer=user).delete()
    of_places = ContentType.objects.get_for_model(Membership)
    places = list(Membership.objects.filter(user=user).values_list("pk", flat=True))
    Message.objects.filter(about_type=of_places, about_id__in=places).delete()
    deleted_places.empty_places(user)
    SessionRole.objects.filter(user=user).delete()
    Review.objects.filter(reviewer=user, handed_in_at__isnull=True).delete()
    ReviewAssignment.objects.filter(reviewer=user).delete()
    ReviewCapacity.objects.filter(reviewer=user).delete()
    Conflict.objects.filter(reviewer=user).delete()


def _files(user) -> Iterator[ExportFile]:
    """What the person handed in with applications."""
    found = AnswerFile.objects.filter(application__applicant=user).select_related("application__session")
    for file in found.order_by("application_id", "pk"):
        open_file = partial(file.file.storage.open, file.file.name or "", "rb")
        yield ExportFile(f"applications/{file.application.session.slug}", file.name, open_file)


def register() -> None:
    people_registry.export_sections.update(SECTIONS)
    if _files not in people_registry.export_files:
        people_registry.export_files.append(_files)
    if preview not in people_registry.deletion_previews:
        people_registry.deletion_previews.append(preview)
        people_registry.erasers.append(erase)
