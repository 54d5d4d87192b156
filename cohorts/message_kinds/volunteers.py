"""What people are told who offer to help or are asked to."""

from django.utils.translation import gettext_lazy as _

from .kind import MessageKind, Placeholder
from .placeholders import CLOSING, COMMON, FIRST_DAY, GREETING, link
from .reminders import ENDING, REQUIRED, SWITCH_LINK

ROLE = Placeholder("role", _("The role, in small letters: navigator, captain or organiser"), _("navigator"))
NOTE = Placeholder(
    "note",
    _("What the organiser wrote to this person; may be empty"),
    _("We would love to have you."),
    may_be_empty=True,
    shape="lines",
)

INVITED = MessageKind(
    key="volunteer_invited",
    label=_("Asked to help"),
    purpose=_(
        "To somebody whom an organiser asks to navigate, to be a captain or to organise. Works with and without an account."
    ),
    category="transactional",
    subject=_("Would you help in {session} as {role}?"),
    paragraphs=(
        GREETING,
        _("{inviter} asks you whether you would help in {session} as {role}. It begins on {first_day}."),
        "{note}",
        _("The page says what it takes. You say yes with a short form, or no with a button. Both are fine."),
        _("[Your invitation]({link})"),
        _("Whoever has the link can answer, so please do not pass it on. It works until the session begins."),
        *CLOSING,
    ),
    placeholders=(
        *COMMON,
        link(_("Page of the invitation"), "/volunteering/invitation/12.Kq3x/"),
        ROLE,
        NOTE,
        FIRST_DAY,
        Placeholder("inviter", _("Name of the organiser who asks"), _("Grace Example"), trusted=False),
    ),
)

RECEIVED = MessageKind(
    key="volunteer_received",
    label=_("Offer to help received"),
    purpose=_("Confirms that somebody handed in the form for helpers."),
    category="transactional",
    subject=_("Thank you for offering to help in {session}"),
    paragraphs=(
        GREETING,
        _("Thank you for offering to help in {session} as {role}. The organisers read what you wrote and answer you."),
        _("Until they do you can change it or take it back."),
        _("[What you wrote]({link})"),
        *CLOSING,
    ),
    placeholders=(*COMMON, link(_("Page of what the person wrote"), "/volunteering/1/"), ROLE, FIRST_DAY),
)

ACCEPTED = MessageKind(
    key="volunteer_accepted",
    label=_("Offer to help accepted"),
    purpose=_("Tells somebody who offered to help that they are in, and what comes next."),
    category="transactional",
    subject=_("You help in {session}: welcome"),
    paragraphs=(
        GREETING,
        _("We are glad to have you in {session} as {role}. It begins on {first_day}."),
        "{note}",
        _("What to read and do before the start stands on one page, together with what comes next."),
        _("[How it goes on]({link})"),
        _("If something comes up and you cannot help after all, say so on that page. The sooner we know, the easier it is."),
        *CLOSING,
    ),
    placeholders=(*COMMON, link(_("Page of the person's part"), "/volunteering/1/"), ROLE, NOTE, FIRST_DAY),
)

DECLINED = MessageKind(
    key="volunteer_declined",
    label=_("Offer to help not taken this time"),
    purpose=_("Tells somebody who offered to help that it is not this time."),
    category="transactional",
    subject=_("Your offer to help in {session}"),
    paragraphs=(
        GREETING,
        _(
            "Thank you for offering to help in {session} as {role}. This time we do not need your help. That says nothing about"
            " you: a session has few cohorts, and each needs only one or two people to lead it."
        ),
        "{note}",
        _("We would be glad to hear from you again for the next session."),
        _("[What you wrote]({link})"),
        *CLOSING,
    ),
    placeholders=(*COMMON, link(_("Page of what the person wrote"), "/volunteering/1/"), ROLE, NOTE, FIRST_DAY),
)

TRAINING = MessageKind(
    key="reminder_training",
    label=_("Reminder: training before the session"),
    purpose=_(
        "For people who help in a session and have something left to learn or do. Sent once for each day, a few days before it."
    ),
    category="reminders",
    subject=_("Before {session} begins: what is left for you"),
    paragraphs=(
        GREETING,
        _("This is still open for you, until {due_day}:"),
        "{tasks}",
        _("[Your training]({link})"),
        _("If you have done it already, tick it there. If you cannot, tell the organisers: nobody minds."),
        *ENDING,
    ),
    placeholders=(
        *COMMON,
        link(_("Page of the training"), "/sessions/2027-1/training/"),
        Placeholder("due_day", _("The day until which it should be done"), _("Friday 8 January 2027")),
        Placeholder("tasks", _("What is left, one a line"), _("Read the guide for navigators"), shape="lines"),
        SWITCH_LINK,
    ),
    required=REQUIRED,
)

KINDS = (INVITED, RECEIVED, ACCEPTED, DECLINED, TRAINING)
