"""Writing reviews: scores, drafts, handing in, and stepping back because of a conflict of interest."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .claims import claim, release
from .locking import locked_application
from .models import Application, Conflict, Review, Score, Session
from .phases import obstacle_to_writing
from .questions import clean_text
from .scores import rescore

#: So many characters a comment may have.
LONGEST_COMMENT = 10_000


class ReviewError(Exception):
    """A review that cannot be written, whatever it says. The text is for the reviewer."""


class ReviewStale(Exception):
    """Another tab saved meanwhile, and differently. `review` holds what was saved there."""

    def __init__(self, review: Review):
        super().__init__(_("This review was changed in another tab or on another device."))
        self.review = review


def obstacle_to_review(session: Session) -> str | None:
    """Why nobody can write reviews of `session` now, or None."""
    return obstacle_to_writing(session)


def save_review(
    application: Application,
    *,
    by,
    scores: Mapping[int, int | None],
    private_comment: str = "",
    shareable_comment: str = "",
    confidence: int | None = None,
    version: int | None = None,
    form: str = "",
) -> Review:
    """Save a draft: `scores` maps criterion ids to a score, or to None for N/A; a criterion that is missing has no answer yet.

    `version` is that of the review which the form was made from (0 for none; None: do not ask), and `form` names the form itself:
    what the same form saved last never makes it out of date. Saving what is saved already changes nothing. A draft claims the application for `by`, or renews the claim. Raises `ReviewError` where `by` may not review
    it (now), or has handed the review in, `ReviewStale` where another form saved something else since, and `ValidationError`
    with a message for each field that is impossible (`criterion_<id>`, `private_comment` …). Then nothing is written.
    """
    said = _Said(scores, private_comment, shareable_comment, confidence)
    return _write(application, by, said, version, form, handing_in=False)


def hand_in(
    application: Application,
    *,
    by,
    scores: Mapping[int, int | None],
    private_comment: str = "",
    shareable_comment: str = "",
    confidence: int | None = None,
    version: int | None = None,
    form: str = "",
) -> Review:
    """Save a review and hand it in; one that was handed in before is replaced. Ends the claim of `by`.

    As `save_review`, and each required criterion must have a score or N/A.
    """
    said = _Said(scores, private_comment, shareable_comment, confidence)
    return _write(application, by, said, version, form, handing_in=True)


class _Said:
    """What a reviewer says of an application."""

    def __init__(self, scores: Mapping[int, int | None], private: str, shareable: str, confidence: int | None):
        self.scores = dict(scores)
        self.fields = {
            "private_comment": clean_text(private),
            "shareable_comment": clean_text(shareable),
            "confidence": confidence,
        }

    def is_saved_in(self, review: Review) -> bool:
        return (
            all(getattr(review, name) == value for name, value in self.fields.items())
            and dict(review.scores.values_list("criterion_id", "value")) == self.scores
        )


def _write(application, by, said: _Said, version: int | None, form: str, *, handing_in: bool) -> Review:
    with transaction.atomic():
        # The lock of the application makes two tabs of one reviewer wait for each other: neither finds the row half made.
        locked = _locked_for_review(application, by)
        _check(locked.session, said, complete=handing_in)
        review = Review.objects.filter(application=locked, reviewer=by).first()
        is_saved = review is not None and said.is_saved_in(review)
        if review is None:
            review = Review(application=locked, reviewer=by)
        elif version is not None and review.version != version and not is_saved and not (form and review.saved_by_form == form):
            raise ReviewStale(review)
        elif review.handed_in_at and not handing_in:
            if is_saved:
                return review
            raise ReviewError(_("You have handed this review in. To change it, hand it in again."))
        if handing_in:
            release(locked, by=by)
        else:
            claim(locked, by=by)
            if is_saved and review.application_version == locked.submitted_version:
                return review
        for name, value in said.fields.items():
            setattr(review, name, value)
        review.application_version = locked.submitted_version
        review.version += 1
        review.saved_by_form = form
        if handing_in:
            review.handed_in_at = timezone.now()
        review.save()
        for criterion, value in said.scores.items():
            Score.objects.update_or_create(review=review, criterion_id=criterion, defaults={"value": value})
        review.scores.exclude(criterion__in=said.scores.keys()).delete()
        rescore(review)
    return review


def _locked_for_review(application: Application, by) -> Application:
    """The row of `application`, locked; `ReviewError` where `by` may not review it or the review is closed."""
    locked = locked_application(application, among=Application.objects.reviewable_by(by))
    if locked is None:
        raise ReviewError(_("This application is not yours to review, or not any more."))
    against = obstacle_to_review(locked.session)
    if against:
        raise ReviewError(against)
    return locked


def _check(session: Session, said: _Said, *, complete: bool) -> None:
    scores = said.scores
    criteria = {criterion.pk: criterion for criterion in session.criteria.all()}
    errors: dict[str, str] = {}
    for name in ("private_comment", "shareable_comment"):
        written = len(str(said.fields[name]))
        if written > LONGEST_COMMENT:
            words = _("At most %(longest)s characters fit here. You wrote %(written)s.")
            errors[name] = words % {"longest": LONGEST_COMMENT, "written": written}
    if said.fields["confidence"] not in (None, *Review.Confidence.values):
        errors["confidence"] = _("Choose one of the answers.")
    for pk, value in scores.items():
        criterion = criteria.get(pk)
        if criterion is None:
            raise ReviewError(_("The criteria of this session have changed. Load the page again; copy your comments first."))
        if value is not None and not 0 <= value <= criterion.highest:
            errors[f"criterion_{pk}"] = _("Choose a score from 0 to %(highest)s, or N/A.") % {"highest": criterion.highest}
    if complete:
        for pk, criterion in criteria.items():
            if criterion.required and pk not in scores:
                errors[f"criterion_{pk}"] = _("Choose a score, or N/A if you cannot tell.")
    if errors:
        raise ValidationError(errors)


#: Statuses of an application whose result was told.
RESULT_TOLD = (
    Application.Status.WAITLISTED,
    Application.Status.OFFERED,
    Application.Status.ACCEPTED,
    Application.Status.DECLINED,
    Application.Status.EXPIRED,
    Application.Status.NOT_SELECTED,
)


def comments_for_applicant(application: Application) -> list[str]:
    """What reviewers wrote for the applicant, without their names; nothing before the result is published.

    No query before that, and one afterwards.
    """
    if application.session.published_at is None or application.status not in RESULT_TOLD:
        return []
    comments = (
        Review.objects.handed_in().filter(application=application).order_by("pk").values_list("shareable_comment", flat=True)
    )
    return [comment for comment in comments if comment.strip()]


def declare_conflict(application: Application, *, by, reason: str = "") -> Conflict:
    """Step back from an application: it disappears for `by` from queue, lists, search and export. Doing it twice changes nothing.

    A draft of a review stays stored but is shown to nobody; a handed-in one no longer counts and becomes a draft.
    Raises `ReviewError` where `by` has nothing to do with the application.
    """
    with transaction.atomic():
        locked = locked_application(application, among=Application.objects.all())
        known = Conflict.objects.filter(application=locked, reviewer=by).first()
        if known is not None:
            return known
        reviewable = Application.objects.reviewable_by(by) | Application.objects.organised_by(by)
        if locked is None or not reviewable.filter(pk=locked.pk).exists():
            raise ReviewError(_("This application is not yours to review, or not any more."))
        words = " ".join(clean_text(reason).split())[:300]
        conflict, _created = Conflict.objects.get_or_create(application=locked, reviewer=by, defaults={"reason": words})
        Review.objects.filter(application=locked, reviewer=by).update(handed_in_at=None)
        release(locked, by=by)
    return conflict


def withdraw_conflict(conflict: Conflict, *, by) -> None:
    """Take back one's own conflict of interest, declared by mistake. Raises `ReviewError` for somebody else's."""
    if conflict.reviewer_id != by.pk:
        raise ReviewError(_("Only the person who declared a conflict of interest can take it back."))
    conflict.delete()
