"""A mail as mail programs show it: in a frame on our pages, where nothing of it can act."""

from django.conf import settings
from django.http import HttpResponse
from django.utils.csp import CSP
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

#: The mail itself: its own styles and nothing else. No script, no picture from elsewhere, no form, and nothing of our site.
_OF_A_MAIL = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "img-src": ["data:"],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.NONE],
    "frame-ancestors": [CSP.SELF],
    "sandbox": True,
}

#: For a page that shows a mail in a frame of our own.
with_mail_frame = csp_override({**settings.SECURE_CSP, "frame-src": [CSP.SELF]})
#: For the address of the frame itself, which answers with `mail_document`.
IN_MAIL_FRAME = [never_cache, xframe_options_sameorigin, csp_override(_OF_A_MAIL)]


def mail_document(html: str) -> HttpResponse:
    """The whole HTML of a mail, for the frame on its page alone: its address is of nobody else's interest."""
    response = HttpResponse(html)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
