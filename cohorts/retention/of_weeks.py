"""What goes of the weeks: check-ins, meetings, feedback, notes about people, farewells, mails."""

from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from accounts.messages import kind_label
from accounts.models import Message
from cohorts.models import (
    CheckIn,
    CheckInReply,
    Cheer,
    Farewell,
    Feedback,
    FeedbackForm,
    FeedbackQuestion,
    Meeting,
    MeetingNote,
    MeetingNotice,
    MeetingPerson,
    Membership,
    MembershipEvent,
    Nudge,
    Session,
    SlotAnswer,
    Testimonial,
)
from cohorts.registrations import messages_of_sessions

from .kinds import Kind, Part
from .of_applying import blanked, deleted

_CHECKIN_WORDS = {"did": "", "learned": "", "stuck": "", "next": "", "energy": None, "wants_to_talk": False}
_FAREWELL_WORDS = {"did": "", "proud": "", "thanks": "", "wants_note": ""}
_MEETING_WORDS = {"agenda": "", "notes": "", "link": "", "cancelled_because": ""}
ABOUT_THE_PROGRAM = (FeedbackForm.Direction.MEMBER_PROGRAM, FeedbackForm.Direction.LEADER_PROGRAM)
#: Mails that may still go out are left alone.
_ON_THE_WAY = [Message.State.QUEUED, Message.State.SENDING, Message.State.UNSURE]


def _checkins(session: Session):
    return CheckIn.objects.filter(membership__cohort__session=session).exclude(**_CHECKIN_WORDS)


def _replies(session: Session):
    return CheckInReply.objects.filter(checkin__membership__cohort__session=session)


def _cheers(session: Session):
    return Cheer.objects.filter(checkin__membership__cohort__session=session)


def _meetings(session: Session):
    return Meeting.objects.filter(session=session).exclude(**_MEETING_WORDS)


def _private_notes(session: Session):
    return MeetingNote.objects.filter(meeting__session=session)


def _at_meetings(session: Session):
    return MeetingPerson.objects.filter(meeting__session=session)


def _notices(session: Session):
    return MeetingNotice.objects.filter(meeting__session=session)


def _times(session: Session):
    return SlotAnswer.objects.filter(slot__meeting__session=session)


def _questions_for_text(session: Session) -> list[str]:
    asked = FeedbackQuestion.objects.filter(form__session=session, kind=FeedbackQuestion.Kind.TEXT)
    return [str(pk) for pk in asked.order_by("pk").values_list("pk", flat=True)]


def _feedback_texts(session: Session):
    mine = Feedback.objects.filter(form__session=session, form__direction__in=ABOUT_THE_PROGRAM)
    texts = _questions_for_text(session)
    return mine.filter(values__has_any_keys=texts) if texts else mine.none()


def _empty_feedback(keys: list[Any]) -> None:
    asked = FeedbackQuestion.objects.filter(kind=FeedbackQuestion.Kind.TEXT, form__session__feedback_forms__feedback__in=keys)
    texts = {str(pk) for pk in asked.order_by().values_list("pk", flat=True)}
    for row in Feedback.objects.select_for_update().filter(pk__in=keys).order_by("pk"):
        values = {key: value for key, value in row.values.items() if key not in texts}
        Feedback.objects.filter(pk=row.pk).update(values=values, saved_by_form="")


def _feedback_about_people(session: Session):
    return Feedback.objects.filter(form__session=session).exclude(form__direction__in=ABOUT_THE_PROGRAM)


def _nudges(session: Session):
    return Nudge.objects.filter(membership__cohort__session=session)


def _places(session: Session):
    return Membership.objects.filter(cohort__session=session).exclude(leaving_reason="")


def _events(session: Session):
    return MembershipEvent.objects.filter(membership__cohort__session=session).exclude(note="")


def _farewells(session: Session):
    return Farewell.objects.filter(membership__cohort__session=session).exclude(**_FAREWELL_WORDS)


def _never_published(session: Session):
    return Testimonial.objects.filter(session=session).exclude(state=Testimonial.State.PUBLISHED)


def _delete_never_published(keys: list[Any]) -> None:
    # One that was published at this moment stays.
    Testimonial.objects.filter(pk__in=keys).exclude(state=Testimonial.State.PUBLISHED).delete()


def _notes_to_authors(session: Session):
    return Testimonial.objects.filter(session=session).exclude(moderation_note="")


def _mails(session: Session):
    """All about the session, its applications, places, meetings and check-ins that went out, or never will."""
    checkins = CheckIn.objects.filter(membership__cohort__session=session)
    about = messages_of_sessions([session.pk]) | Q(
        about_type=ContentType.objects.get_for_model(CheckIn), about_id__in=checkins.values("pk")
    )
    return Message.objects.filter(about).exclude(state__in=_ON_THE_WAY).exclude(body="", html="", address="")


def _empty_mails(keys: list[Any]) -> None:
    """The row stays: it is what knows that somebody was told, so that nobody is told twice."""
    for kind in Message.objects.filter(pk__in=keys).order_by().values_list("kind", flat=True).distinct():
        with override(settings.LANGUAGE_CODE):
            subject = str(kind_label(kind))[:300]
        Message.objects.filter(pk__in=keys, kind=kind).update(subject=subject, body="", html="", address="", error="")


KINDS = [
    Kind(
        "care",
        label=_("Notes on how people were doing"),
        goes=_("Who was looked after and why, reasons for leaving, notes on changes of places."),
        stays=_("That somebody left or moved, and when."),
        days=90,
        parts=(
            Part(_nudges, deleted(Nudge)),
            Part(_places, blanked(Membership, leaving_reason="")),
            Part(_events, blanked(MembershipEvent, note="")),
        ),
    ),
    Kind(
        "meetings",
        label=_("Meetings"),
        goes=_("Agendas, notes, private notes, attendance, answers, and the times at which people could."),
        stays=_("That there was a meeting, and when."),
        days=180,
        parts=(
            Part(_private_notes, deleted(MeetingNote)),
            Part(_at_meetings, deleted(MeetingPerson)),
            Part(_times, deleted(SlotAnswer)),
            Part(_notices, deleted(MeetingNotice)),
            Part(_meetings, blanked(Meeting, **_MEETING_WORDS)),
        ),
    ),
    Kind(
        "checkins",
        label=_("Check-ins"),
        goes=_("What people wrote each week, their energy, and what others replied."),
        stays=_("That there was a check-in, in which week, and its hours."),
        days=365,
        parts=(
            Part(_replies, deleted(CheckInReply)),
            Part(_cheers, deleted(Cheer)),
            Part(_checkins, blanked(CheckIn, saved_by_form="", **_CHECKIN_WORDS)),
        ),
    ),
    Kind(
        "feedback",
        label=_("Feedback"),
        goes=_("Texts, and everything that was said about a person."),
        stays=_("Numbers that people gave about the program."),
        days=365,
        parts=(Part(_feedback_texts, _empty_feedback), Part(_feedback_about_people, deleted(Feedback))),
    ),
    Kind(
        "mails",
        label=_("Mails about the session"),
        goes=_("The texts, subjects and addresses of mails that were sent."),
        stays=_("That a mail of this kind was sent, and when."),
        days=365,
        parts=(Part(_mails, _empty_mails),),
    ),
    Kind(
        "farewells",
        label=_("Farewells"),
        goes=_("What people wrote at the end."),
        stays=_("That they said goodbye, testimonials that they published, and certificates."),
        days=730,
        parts=(
            Part(_farewells, blanked(Farewell, saved_by_form="", **_FAREWELL_WORDS)),
            Part(_never_published, _delete_never_published),
            Part(_notes_to_authors, blanked(Testimonial, moderation_note="")),
        ),
    ),
]
