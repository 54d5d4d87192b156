"""What those who lead are told when somebody could use a word, and organisers when nobody has said one for a week."""

from django.utils.translation import gettext_lazy as _

from .kind import MessageKind, Placeholder
from .placeholders import CLOSING, COMMON, GREETING, link
from .reminders import SWITCH, SWITCH_LINK

COHORTS = Placeholder("cohorts", _("Names of the cohorts"), _("Venus and Mars"))

NUDGES = MessageKind(
    key="nudges",
    label=_("Somebody in your cohort could use a word"),
    purpose=_(
        "For navigators and captains, about what is new. One mail a day at most, during the weeks, between 8:00 and 20:00."
    ),
    category="reminders",
    subject=_("Somebody in {cohorts} could use a word from you"),
    paragraphs=(
        GREETING,
        _("This is new in {cohorts}:"),
        "{people}",
        _("Mark it as handled on the page of your cohort once you have looked after it: then nobody does it twice."),
        _("[To your cohort]({link})"),
        SWITCH,
        *CLOSING,
    ),
    placeholders=(
        *COMMON,
        COHORTS,
        Placeholder(
            "people",
            _("Who could use a word, with the reason and what one could do; a line for each"),
            _("Ada would like to talk. Offer them a time today or tomorrow. Fifteen minutes are often enough."),
            trusted=False,
            shape="lines",
        ),
        link(_("The page of the cohort"), "/cohorts/1/"),
        SWITCH_LINK,
    ),
    required=("people", "link", "switch_link"),
)

UNANSWERED = MessageKind(
    key="nudges_unanswered",
    label=_("Somebody has waited for a week"),
    purpose=_(
        "For organisers, when nobody who leads has answered a member for a week. One mail a day at most, and once for each time."
    ),
    category="reminders",
    subject=_("Somebody in {session} has waited a week for a word"),
    paragraphs=(
        GREETING,
        _("Those who lead have not answered for a week:"),
        "{people}",
        _(
            "Perhaps a navigator needs a rest, or somebody beside them. Write to them first, and to the member where that takes too long."
        ),
        _("[All cohorts]({link})"),
        SWITCH,
        *CLOSING,
    ),
    placeholders=(
        *COMMON,
        Placeholder(
            "people",
            _("Who waits, for how long, and who leads there; a line for each"),
            _("Nobody has answered Ada for 8 days. Venus, navigator: Grace Hopper."),
            trusted=False,
            shape="lines",
        ),
        link(_("The page with all cohorts"), "/sessions/2027-1/board/"),
        SWITCH_LINK,
    ),
    required=("people", "link", "switch_link"),
)

KINDS = (NUDGES, UNANSWERED)
