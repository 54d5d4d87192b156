"""What organisers decided."""

from django.utils.translation import gettext_lazy as _

from .kind import MessageKind, Placeholder
from .placeholders import ANSWER_BY, APPLICATION_LINK, CLOSING, COMMON, FIRST_DAY, GREETING, LAST_DAY

OFFER = MessageKind(
    key="decision_offer",
    label=_("Offer of a place"),
    purpose=_("Tells people that they can have a place, and how and until when they answer. Sent when you publish."),
    category="transactional",
    subject=_("Action required: you are offered a place in {session}"),
    paragraphs=(
        GREETING,
        _("You are offered a place in {session}. We would be glad to have you."),
        "{cohort_sentence}",
        _("The session runs from {first_day} to {last_day}."),
        _("**Please answer by {answer_by}.** {utc_sentence}"),
        _("You say yes or no with a button on a page. Opening the page answers nothing yet."),
        _("[Answer the offer]({link})"),
        _(
            "If we do not hear from you by then, the place goes to the next person. If you cannot take part this time, a no helps"
            " as much as a yes."
        ),
        *CLOSING,
    ),
    placeholders=(
        *COMMON,
        APPLICATION_LINK,
        ANSWER_BY,
        Placeholder(
            "utc_sentence",
            _("The same moment in UTC; empty for people whose clock shows the same"),
            _("That is Tuesday 8 December 2026, 22:59 (UTC)."),
            may_be_empty=True,
        ),
        FIRST_DAY,
        LAST_DAY,
        Placeholder("cohort", _("Name of the cohort; empty where there is none yet"), _("Cohort Kettle"), may_be_empty=True),
        Placeholder("project", _("Name of the cohort's project; may be empty"), _("Kettle"), may_be_empty=True),
        Placeholder(
            "cohort_sentence",
            _("Cohort and project in a sentence, or that the cohort is named later"),
            _("Your cohort is Cohort Kettle, and you will contribute to Kettle."),
            may_be_empty=True,
        ),
    ),
    required=("link", "answer_by"),
)

WAITLIST = MessageKind(
    key="decision_waitlist",
    label=_("Place on the waitlist"),
    purpose=_("Tells people that they are on the waitlist. Sent when you publish."),
    category="transactional",
    subject=_("You are on the waitlist of {session}"),
    paragraphs=(
        GREETING,
        _(
            "Thank you for your application to {session}. There are more good applications than places, and you are on the waitlist."
        ),
        _("{rank_sentence} When somebody declines a place, we may write to you."),
        _("You need not do anything now. On this page you see how it stands, and can withdraw if you do not want to wait."),
        _("[Your application]({link})"),
        *CLOSING,
    ),
    placeholders=(
        *COMMON,
        APPLICATION_LINK,
        Placeholder("rank", _("Number on the waitlist; empty without one"), "3", may_be_empty=True),
        Placeholder(
            "rank_sentence",
            _("Number on the waitlist in a sentence; empty without one"),
            _("You are number 3 on it."),
            may_be_empty=True,
        ),
    ),
)

NOT_SELECTED = MessageKind(
    key="decision_not_selected",
    label=_("No place this time"),
    purpose=_("Tells people kindly that they get no place. Sent when you publish."),
    category="transactional",
    subject=_("Your application to {session}"),
    paragraphs=(
        GREETING,
        _("Thank you for applying to {session}, and for the time you put into it. We cannot offer you a place this time."),
        _(
            "There were more good applications than places. This is no judgement of you or of what you can contribute, and you are"
            " welcome to apply again."
        ),
        _(
            "What you wrote stays on your page, so that you can use it next time. If reviewers wrote a few words to you, you read"
            " them there, too."
        ),
        _("[Your application]({link})"),
        *CLOSING,
    ),
    placeholders=(*COMMON, APPLICATION_LINK),
)

KINDS = (OFFER, WAITLIST, NOT_SELECTED)
