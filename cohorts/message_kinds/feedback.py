"""The mail that asks for feedback."""

from django.utils.translation import gettext_lazy as _

from .kind import MessageKind, Placeholder
from .placeholders import COMMON, GREETING, link
from .reminders import ENDING, REQUIRED, SWITCH_LINK

FEEDBACK = MessageKind(
    key="reminder_feedback",
    label=_("Reminder: feedback"),
    purpose=_("For people who have not answered a feedback form. Sent once for each form, two days before the day of each."),
    category="reminders",
    subject=_("How is it going? {form}, {session}"),
    paragraphs=(
        GREETING,
        _("We would like to hear from you: “{form}” waits for you. It takes a few minutes, and you can skip most questions."),
        _("[Answer the form]({link})"),
        _("Please answer by {due}. The form says who reads which answer."),
        *ENDING,
    ),
    placeholders=(
        *COMMON,
        link(_("The person's page with what is asked"), "/feedback/"),
        Placeholder("form", _("Title of the form"), _("Half-way")),
        Placeholder(
            "due",
            _("The person's own day, in the reader's zone and in UTC"),
            _("Sunday 29 November 2026, 23:59 (Rome), 29 November, 22:59 UTC"),
        ),
        SWITCH_LINK,
    ),
    required=REQUIRED,
)

KINDS = (FEEDBACK,)
