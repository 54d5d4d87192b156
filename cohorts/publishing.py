"""Publishing: pending decisions become statuses and messages all at once, and then everybody is told, each person once.

Pressing the button writes down what the organiser agreed to. A background task does the rest in two parts. First everything that
is decided, in one transaction: it is done altogether or not at all. Then the mails, one after the other, each with a state of its
own. Whenever the task dies, the next one goes on where this one stopped.
"""

import datetime
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Max
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.messages import NewMessage, batch_result, queue_messages, register_batch, send_batch
from accounts.models import Message
from background import enqueue, progress

from .decision_messages import answer_until
from .decisions import Outgoing, Plan, obstacle_to_publishing, plan_publication
from .locking import lock_applications
from .message_previews import send_preview
from .models import Application, Publication, Session
from .moves import move_all

Decision = Application.Decision
Status = Application.Status
State = Publication.State

#: So long after the button was pressed people get the dates that the page showed, though another day may have begun meanwhile.
SAME_MOMENT = datetime.timedelta(hours=1)


class PublishError(Exception):
    """Publishing that cannot be done, or not any more. The text is for the organiser; `publication` is the one that is in the way."""

    def __init__(self, text: str, publication: Publication | None = None):
        self.publication = publication
        super().__init__(text)


# --- pressing the button


def publish(session: Session, *, by, expected: str | None = None) -> Publication:
    """Ask for all pending decisions of `session` that can be published to be published. A worker does it.

    `expected` is the fingerprint of the plan that the person agreed to; without it, what stands now is meant. Pressing twice comes to
    one publication, which is the answer both times.

    Raises `PublishError` where `by` does not organise the session, the stage forbids it, somebody else is publishing, nothing is left
    to publish, or the plan differs from the expected one. Then nothing is written.
    """
    began = timezone.now()
    _check(session, by)
    under_way = _under_way(session, by, expected)
    if under_way is not None:
        return under_way
    # Before any lock: writing two thousand messages takes seconds.
    plan = plan_publication(session, by=by, warned=False)
    if expected is not None and expected != plan.fingerprint:
        pressed = _pressed_before(session, by, expected)
        if pressed is not None:
            return pressed
        raise PublishError(_("The decisions have changed since you looked. Nothing was published: read the page again."))
    if not plan.outgoing and session.published_at is not None:
        raise PublishError(_("Nothing is left to publish. Another organiser may have published a moment ago."))
    with transaction.atomic():
        locked = Session.objects.select_for_update().get(pk=session.pk)
        _check(locked, by)
        # Whoever waited for the lock may find that the other press has begun already, or is even done.
        pressed = _under_way(locked, by, plan.fingerprint) or _pressed_before(locked, by, plan.fingerprint, since=began)
        if pressed is not None:
            return pressed
        publication = Publication.objects.create(session=locked, made_by=by, plan_fingerprint=plan.fingerprint)
        carry_on_later(publication.pk)
    return publication


def _check(session: Session, by) -> None:
    if not Session.objects.organised_by(by).filter(pk=session.pk).exists():
        raise PublishError(_("Only the organisers of this session publish its decisions."))
    against = obstacle_to_publishing(session)
    if against:
        raise PublishError(against)


def _pressed_before(session: Session, by, fingerprint: str, *, since: datetime.datetime | None = None) -> Publication | None:
    """What `by` asked for already when agreeing to this very plan: the button was pressed twice."""
    found = Publication.objects.filter(session=session, made_by=by, plan_fingerprint=fingerprint).exclude(state=State.STOPPED)
    if since is not None:
        found = found.filter(created_at__gte=since)
    return found.order_by("-pk").first()


def _under_way(session: Session, by, fingerprint: str | None) -> Publication | None:
    """The publication that is under way, where it is what `by` asked for; None where there is none. Judged by one look at one row.

    Raises `PublishError` where it is another one: somebody else's, or one of another plan.
    """
    other = Publication.objects.filter(session=session).under_way().select_related("made_by").first()
    if other is None:
        return None
    if fingerprint is not None and (other.made_by, other.plan_fingerprint) == (by, fingerprint):
        return other
    if other.decided_at is not None:
        text = _("The messages that %(person)s published are still going out. Publish again when they have.")
    else:
        text = _("%(person)s is publishing the decisions of this session right now. See what comes of it first.")
    raise PublishError(text % {"person": other.made_by or _("Somebody")}, other)


# --- the task


def carry_on(publication_id: int) -> None:
    """Do what is left to do of a publication: decide where nothing was decided, then send what is due. Running twice comes to the same.

    What fails before anything was decided stops the publication with the reason, and is raised; a database that is away is raised alone.
    """
    publication = Publication.objects.exclude(state=State.STOPPED).filter(pk=publication_id).first()
    if publication is None:
        return
    if publication.decided_at is None:
        Publication.objects.filter(pk=publication_id, state=State.WAITING).update(state=State.RUNNING, started_at=timezone.now())
        try:
            decided = _decide(publication_id)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            _stop(publication_id, _("An error of this site. Its operator finds it among the runs of the background tasks."))
            raise
        if not decided:
            return
    _send(publication)


def _decide(publication_id: int) -> bool:
    """Write all statuses and all messages in one transaction, where the plan is still the one that was agreed to.

    Returns whether that is done now; where not, the publication is stopped with the reason, and nothing else is written.
    """
    publication = Publication.objects.select_related("made_by").get(pk=publication_id)
    with translation.override(_language(publication.made_by)), transaction.atomic():
        session = Session.objects.select_for_update().get(pk=publication.session_id)
        # A second worker that took the first one for lost waits above, and finds all done.
        publication = Publication.objects.select_related("made_by").get(pk=publication_id)
        if publication.decided_at is not None or not publication.is_under_way:
            return publication.decided_at is not None
        # From here on no decision and no place changes under our hands: both lock the application first.
        lock_applications(session)
        now = timezone.now()
        at = publication.created_at if now - publication.created_at < SAME_MOMENT else now
        plan, against = _agreed_plan(publication, session, at)
        if plan is None:
            _stop(publication_id, against)
            return False
        carry_out(plan.outgoing, session, by=publication.made_by, now=at, note=_("Published"), batch=publication.batch)
        if session.published_at is None:
            session.published_at = now
            session.save(update_fields=["published_at", "updated_at"])
        Publication.objects.filter(pk=publication_id).update(
            state=State.RUNNING,
            decided_at=now,
            offers=plan.count(Status.OFFERED),
            waitlisted=plan.count(Status.WAITLISTED),
            not_selected=plan.count(Status.NOT_SELECTED),
        )
        record(
            "decisions.published",
            by=publication.made_by,
            about=publication,
            scope=session,
            details={str(to): plan.count(to) for to in (Status.OFFERED, Status.WAITLISTED, Status.NOT_SELECTED)},
        )
    return True


def _agreed_plan(publication: Publication, session: Session, at: datetime.datetime) -> tuple[Plan | None, str]:
    """What is to be carried out; or None, and why nothing is."""
    by = publication.made_by
    if by is None or not by.is_active:
        return None, _("The account of whoever published is closed.")
    try:
        _check(session, by)
    except PublishError as error:
        return None, str(error)
    plan = plan_publication(session, by=by, at=at, warned=False)
    if plan.fingerprint != publication.plan_fingerprint:
        return None, _(
            "Something changed between the page that you read and the moment at which it was to be carried out: a decision, "
            "a person, a text or a date. Read the page again, and publish what stands there now."
        )
    return plan, ""


def carry_out(outgoing: Sequence[Outgoing], session: Session, *, by, now, note: str, batch: str = "") -> None:
    """Turn decisions into their statuses and write their messages; all or none, in a number of statements that does not grow.

    Inside a transaction that holds the locks of the session and of the rows. With a `batch` nothing is sent before somebody sends it;
    without, each message has a task of its own. Raises `MoveError` where the table of moves forbids one.
    """
    by_status: dict[str, list[Application]] = defaultdict(list)
    for one in outgoing:
        by_status[one.status].append(one.application)
    for status, applications in by_status.items():
        changes: dict[str, Any] = {
            "pending_decision": Decision.NONE,
            "pending_rank": None,
            "answer_by": answer_until(session, now) if status == Status.OFFERED else None,
        }
        # Whoever is not selected in the end keeps the rank of the waitlist: organisers read it next time.
        if status != Status.NOT_SELECTED:
            changes["waitlist_rank"] = F("pending_rank") if status == Status.WAITLISTED else None
        move_all(applications, status, by=by, note=note, changes=changes)
    rounds = _rounds(outgoing)
    queue_messages(
        [
            NewMessage(
                one.application.applicant,
                kind=one.message.kind,
                about=one.application,
                subject=one.message.subject,
                body=one.message.body,
                html=one.message.html,
                language=one.message.language,
                round=rounds[one.application.pk, one.message.kind],
                batch=batch,
            )
            for one in outgoing
        ]
    )


def _rounds(outgoing: Sequence[Outgoing]) -> dict[tuple[int, str], int]:
    """Somebody may be offered a place twice (declined, then asked again): each time is a round of its own, and told once."""
    told = Message.objects.filter(
        about_type=ContentType.objects.get_for_model(Application),
        about_id__in=[one.application.pk for one in outgoing],
        kind__in={one.message.kind for one in outgoing},
    )
    last = told.order_by().values_list("about_id", "kind").annotate(last=Max("round"))
    before = {(about, kind): number for about, kind, number in last}
    keys = [(one.application.pk, one.message.kind) for one in outgoing]
    return {key: before.get(key, 0) + 1 for key in keys}


def _send(publication: Publication) -> None:
    """Send what is due of the publication's messages. It is done once every one of them has had its turn.

    What waits then for a try of its own is sent by whoever comes by when it is due, as are all where the mail server is away:
    `accounts` has each batch carried on of which something is due.
    """
    before = batch_result(publication.batch)
    result = send_batch(publication.batch, told=progress)
    had_their_turn = not result.away and (not result.waiting or result.sent > before.sent)
    if had_their_turn:
        running = Publication.objects.filter(pk=publication.pk, state=State.RUNNING)
        running.update(state=State.DONE, finished_at=timezone.now())


def _stop(publication_id: int, why: str) -> None:
    Publication.objects.filter(pk=publication_id, decided_at=None).update(
        state=State.STOPPED, why_stopped=why, finished_at=timezone.now()
    )


def _language(user) -> str:
    return (user.language if user is not None else "") or translation.get_language() or "en"


def carry_on_later(publication_id: int):
    """Queue the task that carries a publication on. Returns its run; None where one waits or runs already."""
    from .tasks import publish_task

    return enqueue(publish_task, publication_id)


def carry_on_publications() -> int:
    """Queue the task of each publication that is under way and has none any more. For a schedule; returns how many."""
    under_way = Publication.objects.under_way().order_by("pk").values_list("pk", flat=True)
    return sum(carry_on_later(number) is not None for number in under_way)


def register() -> None:
    """Have messages that wait for their next try carried on."""
    register_batch("publication", carry_on_later)


# --- seeing one message


def send_test(session: Session, application_id: int, *, by) -> Message:
    """Send one of the messages that are about to go out to whoever organises the session, and to nobody else.

    Its subject says that it is a test, and the text is removed once it is sent. Raises `PublishError` where there is no such message.
    """
    _check(session, by)
    found = plan_publication(session, by=by, warned=False).find(application_id)
    if found is None:
        raise PublishError(_("No message is about to go out about this application."))
    # A decision that is not published: it stays in no outbox and no export.
    return send_preview(found.message, by=by, about_somebody=True)
