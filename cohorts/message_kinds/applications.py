"""What applicants are told when their application moves by what they, or the clock, did."""

from django.utils.translation import gettext_lazy as _

from .kind import MessageKind, Placeholder
from .placeholders import APPLICATION_LINK, CLOSES, CLOSING, COMMON, FIRST_DAY, GREETING, HEAR_BY_SENTENCE, TO_THE_APPLICATION

CHANGE_SENTENCE = Placeholder(
    "change_sentence",
    _("Until when it can be changed, in a sentence; empty once it cannot"),
    _("You can change it or withdraw it until Monday 30 November 2026, 23:59 (Rome), 30 November, 22:59 UTC."),
    may_be_empty=True,
)

SUBMITTED = MessageKind(
    key="application_submitted",
    label=_("Application submitted"),
    purpose=_("Confirms that the application is here. Sent at once."),
    category="transactional",
    subject=_("We have your application to {session}"),
    paragraphs=(
        GREETING,
        _("We have your application to {session}. Thank you for the time you put into it."),
        "{change_sentence}\n{hear_by_sentence}",
        TO_THE_APPLICATION,
        *CLOSING,
    ),
    placeholders=(*COMMON, APPLICATION_LINK, CHANGE_SENTENCE, CLOSES, HEAR_BY_SENTENCE),
)

CAME_BACK = MessageKind(
    key="application_back",
    label=_("Application submitted again after it was withdrawn"),
    purpose=_("Confirms that somebody who withdrew is back. Sent at once."),
    category="transactional",
    subject=_("You are back: your application to {session}"),
    paragraphs=(
        GREETING,
        _("You came back: your application to {session} is submitted again."),
        "{changes}",
        "{change_sentence}\n{hear_by_sentence}",
        TO_THE_APPLICATION,
        *CLOSING,
    ),
    placeholders=(
        *COMMON,
        APPLICATION_LINK,
        CHANGE_SENTENCE,
        CLOSES,
        HEAR_BY_SENTENCE,
        Placeholder(
            "changes",
            _("Which answers differ from before; may be empty"),
            _("Changed: Why do you want to take part?"),
            trusted=False,
            may_be_empty=True,
        ),
    ),
    sent_as="application_submitted",
)

CHANGED = MessageKind(
    key="application_changed",
    label=_("New version of an application"),
    purpose=_("Says which answers are new, never what they are. Sent some minutes later, once for several versions."),
    category="transactional",
    subject=_("We have the new version of your application to {session}"),
    paragraphs=(
        GREETING,
        "{news}",
        "{changes}",
        _("Was it not you? Change your password, then look at what is submitted."),
        "{change_sentence}\n{hear_by_sentence}",
        TO_THE_APPLICATION,
        *CLOSING,
    ),
    placeholders=(
        *COMMON,
        APPLICATION_LINK,
        CHANGE_SENTENCE,
        CLOSES,
        HEAR_BY_SENTENCE,
        Placeholder(
            "news",
            _("How many new versions there are, in a sentence"),
            _("We have the new version of your application to 2027 Session 1. It replaces the one before."),
        ),
        Placeholder(
            "changes",
            _("When each version came and which answers differ, one a line"),
            _("24 November, 18:05 (Rome): Changed: Why do you want to take part?"),
            trusted=False,
            shape="lines",
        ),
    ),
)

WITHDRAWN = MessageKind(
    key="application_withdrawn",
    label=_("Application withdrawn"),
    purpose=_("Confirms that the application is withdrawn, and says whether there is a way back. Sent at once."),
    category="transactional",
    subject=_("You withdrew your application to {session}"),
    paragraphs=(
        GREETING,
        _("You withdrew your application to {session}. Nobody reviews it any more."),
        "{way_back_sentence}",
        TO_THE_APPLICATION,
        *CLOSING,
    ),
    placeholders=(
        *COMMON,
        APPLICATION_LINK,
        CLOSES,
        Placeholder(
            "way_back_sentence",
            _("Until when they can come back; empty once they cannot"),
            _(
                "Was it a mistake, or do you change your mind? You can submit it again until Monday 30 November 2026, 23:59 (Rome),"
                " 30 November, 22:59 UTC."
            ),
            may_be_empty=True,
        ),
    ),
)

ACCEPTED = MessageKind(
    key="offer_accepted",
    label=_("Offer accepted"),
    purpose=_("Confirms a yes, and says what comes next. Sent at once."),
    category="transactional",
    subject=_("You are in: {session}"),
    paragraphs=(
        GREETING,
        _("You took your place in {session}. Welcome."),
        _("The session begins on {first_day}. Before that your navigator writes to you."),
        _("If you cannot come after all, give your place back before the start, so that somebody else can have it."),
        TO_THE_APPLICATION,
        *CLOSING,
    ),
    placeholders=(*COMMON, APPLICATION_LINK, FIRST_DAY),
)

DECLINED = MessageKind(
    key="offer_declined",
    label=_("Offer declined"),
    purpose=_("Confirms a no, or a place that was given back. Sent at once."),
    category="transactional",
    subject=_("You declined your place in {session}"),
    paragraphs=(
        GREETING,
        _(
            "You declined your place in {session}. Thank you for telling us: somebody else gets it now. You are welcome to apply"
            " again."
        ),
        _("If this was a mistake, write to us soon."),
        *CLOSING,
    ),
    placeholders=(*COMMON, APPLICATION_LINK),
    required=(),
)

EXPIRED = MessageKind(
    key="offer_expired",
    label=_("Offer ended without an answer"),
    purpose=_("Tells people that their offer is over. Sent when its time has passed without an answer."),
    category="transactional",
    subject=_("Your offer for {session} has ended"),
    paragraphs=(
        GREETING,
        _(
            "Your offer of a place in {session} stood until {ended}. We did not get an answer, so the place goes to somebody else."
        ),
        _("If you still want to take part, write to us: sometimes a place is free. You are welcome to apply again."),
        *CLOSING,
    ),
    placeholders=(
        *COMMON,
        APPLICATION_LINK,
        Placeholder(
            "ended",
            _("Until when the offer stood, in the reader's zone and in UTC"),
            _("Tuesday 8 December 2026, 23:59 (Rome), 8 December, 22:59 UTC"),
        ),
    ),
    required=(),
)

BEFORE_DECISIONS = (SUBMITTED, CAME_BACK, CHANGED, WITHDRAWN)
AFTER_DECISIONS = (ACCEPTED, DECLINED, EXPIRED)
