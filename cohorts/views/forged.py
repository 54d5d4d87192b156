"""A form whose token is too old, most often because its writer logged in or out in another tab since, must not cost a text.

Django refuses such a form before a view sees it. A view marked with `sees_forged_forms` gets it, and asks `is_forged`: it then
changes nothing, and shows the form again with what was typed and a token of today.
"""

from django.middleware.csrf import CsrfViewMiddleware
from django.views.decorators.csrf import csrf_exempt


class _Check(CsrfViewMiddleware):
    """Django's own check, which says why in place of answering."""

    def _reject(self, request, reason):
        return reason


def sees_forged_forms(view):
    """Let a POST without a right token reach `view`, which must ask `is_forged` before it does anything."""
    return csrf_exempt(view)


def is_forged(request) -> bool:
    """Whether this POST lacks the right token: it may come from another site, or from a page from before a log-in."""
    return _Check(lambda _request: None).process_view(request, None, (), {}) is not None
