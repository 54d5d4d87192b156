"""What people are reminded of. Each says where reminders are switched off."""

from django.utils.translation import gettext_lazy as _

from .kind import MessageKind, Placeholder
from .placeholders import CLOSES, CLOSING, COMMON, GREETING, link

SWITCH_LINK = Placeholder(
    "switch_link", _("Page on which reminders are switched off"), "https://cohorts.example.org/me/#mail", shape="url"
)
#: The link has a line to itself: in plain text no full stop becomes a part of it, and on phones it is one to tap.
SWITCH = _("This is a reminder. Would you rather have none?\n[Switch reminders off]({switch_link})")
ENDING = (SWITCH, *CLOSING)
REQUIRED = ("link", "switch_link")

DRAFT = MessageKind(
    key="reminder_draft",
    label=_("Reminder: application not submitted"),
    purpose=_("For people who began an application. Sent once, in the two days before the deadline."),
    category="reminders",
    subject=_("Your application to {session} is not submitted yet"),
    paragraphs=(
        GREETING,
        _("You began an application to {session}, and it is not submitted yet. What you wrote is kept, and nobody has read it."),
        _("**If you want to apply, submit it by {closes}.**"),
        _("It need not be perfect: until then you can still change it after you submit it."),
        _("[Your application]({link})"),
        _("If you changed your mind, you need not do anything."),
        *ENDING,
    ),
    placeholders=(*COMMON, link(_("Page with the person's draft"), "/sessions/2027-1/apply/"), CLOSES, SWITCH_LINK),
    required=(*REQUIRED, "closes"),
)

OFFER = MessageKind(
    key="reminder_offer",
    label=_("Reminder: offer not answered"),
    purpose=_("For people with an offer. Sent once, in the two days before it ends."),
    category="reminders",
    subject=_("Action required: your offer of a place in {session}"),
    paragraphs=(
        GREETING,
        _("You are offered a place in {session}, and we would be glad to have you. We have no answer from you yet."),
        _("**The offer stands until {answer_by}.** Then it ends by itself, and the place goes to somebody else."),
        _("You say yes or no with a button on a page. Opening the page answers nothing yet."),
        _("[Answer the offer]({link})"),
        _("If you cannot take part this time, a no helps as much as a yes. If you are not sure, write to us."),
        *ENDING,
    ),
    placeholders=(
        *COMMON,
        link(_("Page on which the offer is answered"), "/applications/1/"),
        Placeholder(
            "answer_by",
            _("Until when the offer can be answered, in the reader's zone and in UTC"),
            _("Tuesday 8 December 2026, 23:59 (Rome), 8 December, 22:59 UTC"),
        ),
        SWITCH_LINK,
    ),
    required=(*REQUIRED, "answer_by"),
)

CHECKIN = MessageKind(
    key="reminder_checkin",
    label=_("Reminder: no check-in this week"),
    purpose=_("For members without a check-in. Sent once a week, on the day and at the time that each member chose."),
    category="reminders",
    subject=_("Your check-in for week {week} of {session}"),
    paragraphs=(
        GREETING,
        _(
            "We have no check-in from you yet for week {week} of {session}. One line is enough: what you did, where you are stuck, or"
            " what comes next. Your cohort reads it to know how it can help."
        ),
        _("[Write your check-in]({link})"),
        _("You can write it until {closes}."),
        _(
            "Is it a week with little time or energy? That happens to everybody. Press “I rest this week” on your page; you need not"
            " say why."
        ),
        _("[Your page]({rest_link})"),
        _("Would another day or hour suit you better?\n[Choose when you are reminded]({choose_link})"),
        *ENDING,
    ),
    placeholders=(
        *COMMON,
        link(_("Page of the week's check-in"), "/progress/1/check-in/3/"),
        Placeholder("week", _("Number of the week"), "3"),
        CLOSES,
        Placeholder(
            "rest_link",
            _("The member's own page, with “I rest this week”"),
            "https://cohorts.example.org/progress/1/",
            shape="url",
        ),
        Placeholder(
            "choose_link",
            _("Page on which the member chooses day and hour of this reminder"),
            "https://cohorts.example.org/progress/1/reminder/",
            shape="url",
        ),
        SWITCH_LINK,
    ),
    required=REQUIRED,
)

REVIEWS = MessageKind(
    key="reminder_reviews",
    label=_("Reminder: reviews not handed in"),
    purpose=_("For reviewers with assigned applications. Sent once, in the last week of the review."),
    category="reminders",
    subject=_("Applications to {session} wait for your review"),
    paragraphs=(
        GREETING,
        _("Applications to {session} that were assigned to you still wait for your review. {hear_by_sentence}"),
        "{closes_sentence}",
        _("Your queue brings one after the other, and keeps drafts."),
        _("[Your queue]({link})"),
        _("If you cannot do them all, tell the organisers: then somebody else takes them over."),
        *ENDING,
    ),
    placeholders=(
        *COMMON,
        link(_("The reviewer's queue"), "/admin/cohorts/application/queue/"),
        Placeholder(
            "hear_by_sentence",
            _("By when applicants are to hear from you; empty where the session names no day"),
            _("Applicants are to hear from us by Tuesday 1 December 2026, and before that the organisers need time to decide."),
            may_be_empty=True,
        ),
        CLOSES,
        Placeholder(
            "closes_sentence",
            _("Until when reviews can be written; empty where no phase ends before"),
            _("You can write reviews until Friday 27 November 2026, 18:00 (Rome), 27 November, 17:00 UTC."),
            may_be_empty=True,
        ),
        SWITCH_LINK,
    ),
    required=REQUIRED,
)

KINDS = (DRAFT, OFFER, CHECKIN, REVIEWS)
