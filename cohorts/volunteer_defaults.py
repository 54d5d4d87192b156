"""Questions to people who offer to help, and training, as most programs have them: added with one press, and changed afterwards."""

from django.db import transaction
from django.utils.translation import gettext as _

from .locking import locked_session
from .models import Question, Session, TrainingTask, Volunteer
from .volunteers import VolunteerError

Role, Kind = Volunteer.Role, Question.Kind


def _questions(role: str) -> list[dict]:
    """The usual questions of one role, in the active language."""
    hours = {
        "label": _("How many hours a week can you give during the session?"),
        "kind": Kind.NUMBER,
        "at_least": 0,
        "at_most": 40,
    }
    why = {"label": _("Why would you like to do this?"), "kind": Kind.LONG_TEXT, "max_words": 200}
    more = {"label": _("Is there anything else we should know?"), "kind": Kind.LONG_TEXT, "required": False, "max_words": 200}
    helped = {
        "label": _("Have you helped people to learn or to contribute before? Tell us a little."),
        "help_text": _("At work, at a meetup, in a forum: everything counts. “Not yet” is a fine answer."),
        "kind": Kind.LONG_TEXT,
        "max_words": 250,
    }
    match role:
        case Role.NAVIGATOR:
            contributed = {
                "label": _("What have you contributed to the projects that you could guide in?"),
                "help_text": _("A few words and a link or two are enough."),
                "kind": Kind.LONG_TEXT,
                "max_words": 250,
            }
            partner = {
                "label": _("Would you like to guide a cohort together with somebody else?"),
                "kind": Kind.CHOICE,
                "choices": "\n".join([_("Yes, please"), _("Either way is fine"), _("I would rather do it alone")]),
            }
            return [why, contributed, helped, hours, partner, more]
        case Role.CAPTAIN:
            listen = {
                "label": _("Somebody in your cohort has gone quiet. What would you do?"),
                "kind": Kind.LONG_TEXT,
                "max_words": 200,
            }
            return [why, helped, listen, hours, more]
        case _other:
            tasks = {
                "label": _("What would you like to do?"),
                "kind": Kind.CHOICES,
                "choices": "\n".join(
                    [
                        _("Announcing the session"),
                        _("Reading applications and deciding"),
                        _("Forming cohorts"),
                        _("Looking after people during the weeks"),
                        _("Telling the story of the session"),
                    ]
                ),
            }
            return [why, tasks, hours, more]


def _training() -> list[dict]:
    """The usual training, in the active language."""
    return [
        {"title": _("Read the code of conduct"), "text": _("Know what to do when something happens, and whom to tell.")},
        {
            "title": _("Say when you have time"),
            "text": _("Under “Me” you find your hours. Cohorts are formed so that people can meet."),
        },
        {
            "role": Role.NAVIGATOR,
            "title": _("Make a small contribution the way a newcomer would"),
            "text": _("Follow the contributing guide of your project from the beginning, and note where you stumble."),
        },
        {
            "role": Role.NAVIGATOR,
            "title": _("Find three first issues"),
            "text": _("Small ones that nobody works on, and that a maintainer would be glad to see done."),
        },
        {
            "role": Role.CAPTAIN,
            "title": _("Read the guide for captains"),
            "text": _("How to ask, how to listen, and when to fetch an organiser."),
        },
        {
            "role": Role.ORGANISER,
            "title": _("Walk through the administration with another organiser"),
            "text": _("What is private, who reads it, and what cannot be undone."),
        },
    ]


def add_questions(session: Session, role: str, *, by) -> list[Question]:
    """Add the usual questions for `role`. Raises `VolunteerError` where it has questions already, or `by` does not organise the session."""
    with transaction.atomic():
        _lock(session, by)
        if session.questions.of_form(role).exists():
            raise VolunteerError(_("This form has questions already."))
        return Question.objects.bulk_create(
            Question(session=session, asked_of=role, order=order, **{"required": True, **values})
            for order, values in enumerate(_questions(role), start=1)
        )


def add_training(session: Session, *, by) -> list[TrainingTask]:
    """Add the usual training. Raises `VolunteerError` where there is some already, or `by` does not organise the session."""
    with transaction.atomic():
        _lock(session, by)
        if session.training_tasks.exists():
            raise VolunteerError(_("There is training already."))
        return TrainingTask.objects.bulk_create(
            TrainingTask(session=session, order=order, **values) for order, values in enumerate(_training(), start=1)
        )


def _lock(session: Session, by) -> None:
    if locked_session(session, by=by) is None:
        raise VolunteerError(_("Only the organisers of this session can do that."))
