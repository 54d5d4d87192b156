"""The forms that a session gets with one press: at the start, in the middle and at the end. Organisers change them as they like."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from cohorts.models import FeedbackForm, FeedbackQuestion, Session

from .editing import Asked, FeedbackFormError, locked_for_forms, write_questions

Kind, Checkpoint, Direction = FeedbackQuestion.Kind, FeedbackForm.Checkpoint, FeedbackForm.Direction

#: What the program measures: asked in the same words at the start, in the middle and at the end.
COMFORT = "comfort"


@dataclass(frozen=True)
class Usual:
    key: str
    title: str
    intro: str
    checkpoint: str
    questions: list[Asked]
    direction: str = Direction.MEMBER_PROGRAM


def usual_forms() -> list[Usual]:
    """The forms in the active language."""
    comfort = Asked(
        label=_("How comfortable are you with contributing to open source?"),
        help_text=_("We ask this again later, to see whether the program does what it is for. There is no right answer."),
        choices="\n".join(
            [_("not at all"), _("a little"), _("somewhat"), _("comfortable"), _("very comfortable")]
        ),
        required=True,
        measure=COMFORT,
    )  # fmt: skip
    private = Asked(
        label=_("Is there something that only the organisers should know?"),
        help_text=_("Such as something that makes it hard for you. Nobody else reads it."),
        kind=Kind.TEXT,
        organisers_only=True,
    )
    agree = "\n".join([_("not at all"), _("fully")])
    return [
        Usual(
            "start",
            _("How you begin"),
            _("A few questions about where you stand now. It takes about three minutes."),
            Checkpoint.START,
            [
                comfort,
                Asked(label=_("I know whom I can ask when I am stuck."), choices=agree),
                Asked(label=_("What would make these weeks a success for you?"), kind=Kind.TEXT),
                private,
            ],
        ),
        Usual(
            "middle",
            _("Half-way"),
            _("How is it going? There is time to change things. It takes about three minutes."),
            Checkpoint.MIDDLE,
            [
                comfort,
                Asked(
                    label=_("How is the pace?"),
                    kind=Kind.CHOICE,
                    choices="\n".join([_("too slow"), _("right for me"), _("too fast")]),
                ),
                Asked(label=_("I get the help that I need."), choices=agree),
                Asked(label=_("What should we do differently in the second half?"), kind=Kind.TEXT),
                private,
            ],
        ),
        Usual(
            "end",
            _("Looking back"),
            _("How was it? What you say shapes the next session. It takes about five minutes."),
            Checkpoint.END,
            [
                comfort,
                Asked(
                    label=_("Are you more comfortable contributing than at the start?"),
                    kind=Kind.CHOICE,
                    choices="\n".join([_("much more"), _("more"), _("about the same"), _("less")]),
                ),
                Asked(label=_("I felt welcome in my cohort."), choices=agree),
                Asked(label=_("I want to go on contributing after the session."), kind=Kind.YES_NO),
                Asked(label=_("What helped you most?"), kind=Kind.TEXT),
                Asked(label=_("What should be different next time?"), kind=Kind.TEXT),
                private,
            ],
        ),
        Usual(
            "leaders",
            _("Looking back as somebody who led"),
            _("You gave your time to others. How was that for you? It takes about three minutes."),
            Checkpoint.END,
            [
                Asked(label=_("I had the support that I needed."), choices=agree),
                Asked(
                    label=_("How was the amount of work?"),
                    kind=Kind.CHOICE,
                    choices="\n".join([_("less than I thought"), _("as I thought"), _("more than I thought"), _("too much")]),
                ),
                Asked(label=_("What should be different next time?"), kind=Kind.TEXT),
                private,
            ],
            Direction.LEADER_PROGRAM,
        ),
    ]


def add_usual_forms(session: Session, *, by) -> list[FeedbackForm]:
    """Give `session` the usual forms that it does not have yet, in the active language, and return them. Pressing twice adds nothing.

    A form that was put away stays so. Raises `FeedbackFormError`.
    """
    with transaction.atomic():
        locked = locked_for_forms(session, by=by)
        there = set(FeedbackForm.objects.filter(session=locked).values_list("key", flat=True))
        made = []
        for usual in usual_forms():
            if usual.key in there:
                continue
            form = FeedbackForm.objects.create(
                session=locked,
                key=usual.key,
                title=usual.title,
                intro=usual.intro,
                checkpoint=usual.checkpoint,
                direction=usual.direction,
            )
            write_questions(form, usual.questions)
            made.append(form)
        if not made:
            raise FeedbackFormError({"": [_("This session has had all of the usual forms already.")]})
    return made
