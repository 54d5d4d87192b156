"""What goes of applications and their reviews."""

from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from cohorts.models import (
    Accommodation,
    Answer,
    AnswerFile,
    Application,
    ApplicationEvent,
    Conflict,
    LateCode,
    Proposal,
    Review,
    ReviewAssignment,
    ReviewClaim,
    Session,
    Volunteer,
)

from .kinds import Kind, Part

Status = Application.Status


def _locked(keys: list[Any]) -> None:
    """Applications are locked before what hangs on them, as everywhere."""
    list(Application.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk").values_list("pk"))


def _drafts(session: Session):
    return Application.objects.filter(session=session, status=Status.DRAFT)


def _delete_drafts(keys: list[Any]) -> None:
    _locked(keys)
    Application.objects.filter(pk__in=keys, status=Status.DRAFT).delete()


def _accommodations(session: Session):
    return Accommodation.objects.filter(application__session=session)


def _with_words(session: Session):
    mine = {"application": OuterRef("pk")}
    return (
        Application.objects.filter(session=session)
        .exclude(status=Status.DRAFT)
        .filter(
            Exists(Answer.objects.filter(**mine))
            | Exists(AnswerFile.objects.filter(**mine))
            | Exists(ApplicationEvent.objects.filter(**mine).exclude(note=""))
            | ~Q(draft={})
            | ~Q(content_warning="")
            | ~Q(eligibility_reason="")
            | ~Q(rule_reasons=[])
        )
    )


def _not_accepted(session: Session):
    return _with_words(session).exclude(status=Status.ACCEPTED)


def _accepted(session: Session):
    return _with_words(session).filter(status=Status.ACCEPTED)


def _empty_applications(keys: list[Any]) -> None:
    """The row stays with its status and its times: it is counted. The bytes of the files go after the commit."""
    _locked(keys)
    Answer.objects.filter(application__in=keys).delete()
    AnswerFile.objects.filter(application__in=keys).delete()
    ApplicationEvent.objects.filter(application__in=keys).update(note="")
    Application.objects.filter(pk__in=keys).update(draft={}, content_warning="", eligibility_reason="", rule_reasons=[])


def _late_codes(session: Session):
    """Organisers note on a code for whom it is, and why that person is late."""
    return LateCode.objects.filter(session=session).exclude(note="")


def _reviews(session: Session):
    return Review.objects.filter(application__session=session).exclude(private_comment="", shareable_comment="")


def _empty_reviews(keys: list[Any]) -> None:
    Review.objects.filter(pk__in=keys).update(private_comment="", shareable_comment="", saved_by_form="")


def _conflicts(session: Session):
    return Conflict.objects.filter(application__session=session).exclude(reason="")


def _claims(session: Session):
    return ReviewClaim.objects.filter(application__session=session)


def _assignments(session: Session):
    return ReviewAssignment.objects.filter(application__session=session)


def _proposals(session: Session):
    return Proposal.objects.filter(session=session)


def _offers(session: Session):
    """What people wrote who offered to help, and invitations to addresses that nobody answered."""
    mine = Volunteer.objects.filter(session=session)
    return mine.exclude(values={}, note="", email="")


def _empty_offers(keys: list[Any]) -> None:
    mine = Volunteer.objects.filter(pk__in=keys)
    mine.filter(user=None).delete()
    mine.update(values={}, note="", email="")


def deleted(model: Any):
    """Empties rows by deleting them."""

    def delete(keys: list[Any]) -> None:
        model.objects.filter(pk__in=keys).delete()

    return delete


def blanked(model: Any, **values: Any):
    """Empties rows by writing these values."""

    def blank(keys: list[Any]) -> None:
        model.objects.filter(pk__in=keys).update(**values)

    return blank


KINDS = [
    Kind(
        "accommodations",
        label=_("What would help people take part"),
        goes=_("Every text, also of people who did not get a place."),
        stays=_("Nothing. Archiving the session removes it as well."),
        days=7,
        parts=(Part(_accommodations, deleted(Accommodation)),),
        of_applying=True,
    ),
    Kind(
        "drafts",
        label=_("Applications that were never sent"),
        goes=_("The whole draft with its files."),
        stays=_("Nothing."),
        days=30,
        parts=(Part(_drafts, _delete_drafts),),
        of_applying=True,
    ),
    Kind(
        "answers_not_accepted",
        label=_("Answers and files of people without a place"),
        goes=_("All answers, files, and reasons that were noted about the application."),
        stays=_("That somebody applied, when, and what became of it."),
        days=180,
        parts=(Part(_not_accepted, _empty_applications), Part(_late_codes, blanked(LateCode, note=""))),
        of_applying=True,
    ),
    Kind(
        "answers_accepted",
        label=_("Answers and files of people with a place"),
        goes=_("All answers, files, and reasons that were noted about the application."),
        stays=_("That somebody applied, when, and that they took part."),
        days=365,
        parts=(Part(_accepted, _empty_applications),),
        of_applying=True,
    ),
    Kind(
        "reviews",
        label=_("Comments of reviews"),
        goes=_("Private and shareable comments, reasons for a conflict of interest, and who was asked to read what."),
        stays=_("Scores, with the mean of each application."),
        days=365,
        parts=(
            Part(_reviews, _empty_reviews),
            Part(_conflicts, blanked(Conflict, reason="")),
            Part(_claims, deleted(ReviewClaim)),
            Part(_assignments, deleted(ReviewAssignment)),
        ),
        of_applying=True,
    ),
    Kind(
        "proposals",
        label=_("Proposals of cohorts"),
        goes=_("Who could have been where, with the hours that people had in common."),
        stays=_("The cohorts as they were, with everybody’s place."),
        days=90,
        parts=(Part(_proposals, deleted(Proposal)),),
    ),
    Kind(
        "volunteers",
        label=_("What people wrote who offered to help"),
        goes=_("Answers, notes to them, and addresses that were invited and never answered."),
        stays=_("Who offered what, and what was decided."),
        days=365,
        parts=(Part(_offers, _empty_offers),),
    ),
]
