"""What organisers are told."""

from django.utils.translation import gettext_lazy as _

from .kind import MessageKind, Placeholder
from .placeholders import CLOSING, COMMON, GREETING, link

PLACES_FREE = MessageKind(
    key="places_free",
    label=_("Places are free again"),
    purpose=_("Tells organisers that a place came back while people are on the waitlist. Sent once for each time."),
    category="transactional",
    subject=_("Action required: {places_are_free}"),
    paragraphs=(
        GREETING,
        "{news}",
        _("Choose who is next, mark an offer, and publish it."),
        _("[The waitlist]({link})"),
        *CLOSING,
    ),
    placeholders=(
        *COMMON,
        link(_("The waitlist in the administration"), "/admin/cohorts/application/"),
        Placeholder("free", _("How many places are free"), "2"),
        Placeholder(
            "places_are_free", _("How many places are free, in a few words"), _("2 places in 2027 Session 1 are free again")
        ),
        Placeholder(
            "news",
            _("How many places are free and why, in a sentence"),
            _(
                "2 places in 2027 Session 1 are free again: the offers were declined, or their time is over. There are people on the"
                " waitlist, and nobody was offered these places yet."
            ),
        ),
    ),
)

KINDS = (PLACES_FREE,)
