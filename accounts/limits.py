"""How often one person, or one address on the network, may ask for what costs the site much. The rates are in the settings."""

from allauth.core import ratelimit
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

TOO_OFTEN = _("That was too often in a short time. Wait a little, then try again.")


def within_limit(request: HttpRequest, action: str, *, key: str | None = None) -> bool:
    """Whether this request may do `action`, an entry of `ACCOUNT_RATE_LIMITS`; it counts as done. Only for POST.

    `key` is what rates that end in `/key` count by.
    """
    return bool(ratelimit.consume(request, action=action, key=key))
