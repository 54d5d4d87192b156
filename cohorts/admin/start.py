"""What waits for a person on the first page of the admin."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import outbox
from cohorts.models import Session
from cohorts.phases import Writing, switches_of
from cohorts.review_queue import progress, sessions_under_review, waiting_in_words
from cohorts.reviews import obstacle_to_review
from cohorts.roles import organises_any
from cohorts.stages import Stage, stage_of


@dataclass(frozen=True)
class Work:
    """A card: what it is about, how it stands, and the page where it is done."""

    title: str
    text: str
    url: str
    label: str


def work_of(user) -> list[Work]:
    """Reviews to write, then the sessions that one organises: those that are neither finished nor archived."""
    return [*_reviews(user), *_sessions(user)]


def mail_that_waits(user) -> dict | None:
    """A line on mail that was not sent, for whoever may decide about it: the words, and where the messages are. None where all is well."""
    if not (user.is_superuser or organises_any(user)):
        return None
    waiting = outbox.waiting_for(user)
    if not waiting:
        return None
    parts = []
    if waiting.failed:
        text = ngettext("%(count)s message could not be sent", "%(count)s messages could not be sent", waiting.failed)
        parts.append(text % {"count": waiting.failed})
    if waiting.unsure:
        text = ngettext("%(count)s is unsure: it may have arrived", "%(count)s are unsure: they may have arrived", waiting.unsure)
        parts.append(text % {"count": waiting.unsure})
    return {"text": ", ".join(parts), "url": reverse("admin:accounts_message_changelist") + "?needs=somebody"}


def _reviews(user):
    for session in sessions_under_review(user).prefetch_related("review_phases"):
        if obstacle_to_review(session):
            continue
        state = progress(session, reviewer=user)
        if state.left:
            text = waiting_in_words(state.left, state.assigned)
        else:
            text = _("You have reviewed everything that waits for you.")
        url = reverse("admin:cohorts_review_queue") + f"?session={session.slug}"
        yield Work(_("Review for %(session)s") % {"session": session}, text, url, _("Open the review queue"))


def _sessions(user):
    for session in Session.objects.organised_by(user).filter(archived_at__isnull=True).prefetch_related("review_phases"):
        stage = stage_of(session)
        page = reverse("admin:cohorts_session_change", args=[session.pk])
        applications = reverse("admin:cohorts_application_changelist") + f"?session__id__exact={session.pk}"
        if stage in (Stage.DRAFT, Stage.ANNOUNCED, Stage.OPEN):
            yield Work(str(session), str(stage.label), page, _("Set up the session"))
        elif stage == Stage.REVIEWING and switches_of(session).writing == Writing.AFTER_LAST:
            text = _("The last phase of the review is over. Close the review, or add a phase.")
            yield Work(str(session), text, page, _("Close the review"))
        elif stage == Stage.DECIDING:
            yield Work(str(session), str(stage.label), page, _("Form cohorts, decide and publish"))
        elif stage == Stage.REVIEWING:
            yield Work(str(session), str(stage.label), applications, _("See the applications"))
        elif stage == Stage.RUNNING:
            board = reverse("session_board", args=[session.slug])
            yield Work(str(session), str(stage.label), board, _("See how all cohorts are doing"))
        elif stage == Stage.UPCOMING:
            cohorts = reverse("admin:cohorts_cohort_changelist") + f"?session__id__exact={session.pk}"
            yield Work(str(session), str(stage.label), cohorts, _("See the cohorts"))
