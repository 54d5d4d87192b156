"""Proving once more that it is you, before what is worth a second look: publishing, giving roles, taking people's data out, deleting.

Which requests those are, apps say with `register_sensitive`; `RecentProofMiddleware` asks before the view runs. What was sent with a form
waits in the browser session meanwhile and goes on afterwards, with one press: nothing is lost, and nothing is done twice.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import ResolverMatch, reverse
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from .safe_next import is_path_of_ours

#: Seconds for which a log-in, or a proof, counts.
PROOF_LASTS = 15 * 60
#: Seconds for which what was sent waits for the proof.
FORM_WAITS = 30 * 60
#: Characters of a form that waits: more than the largest page of the admin sends.
LONGEST_FORM = 1_000_000
WAITING = "form_that_waits"

Asks = Callable[[HttpRequest, Mapping[str, Any]], bool]
_sensitive: dict[str, Asks] = {}


@dataclass(frozen=True)
class WaitingForm:
    """A request that goes on after the proof: where to, how, what was sent, and the fields whose files must be chosen again."""

    path: str
    is_post: bool
    fields: list[tuple[str, str]]
    had_files: bool
    was_too_long: bool


def when_sent(request: HttpRequest, arguments: Mapping[str, Any]) -> bool:
    """Ask for what changes something, not for looking at the page."""
    return request.method not in ("GET", "HEAD")


def always(request: HttpRequest, arguments: Mapping[str, Any]) -> bool:
    """Ask for looking, too: for downloads. By whatever method: a view may answer OPTIONS as it answers GET."""
    return True


def register_sensitive(*names: str, asks: Asks = when_sent) -> None:
    """Ask for a recent proof at these addresses (`admin:cohorts_session_publish`). `asks(request, arguments of the address)` says of
    a request whether it needs one; by default those that change something do."""
    for name in names:
        _sensitive[name] = asks


def is_sensitive(request: HttpRequest, match: ResolverMatch) -> bool:
    """Whether this request needs a recent proof: what apps registered, and each deletion in the admin."""
    name = match.view_name or ""
    if name.startswith("admin:") and name.endswith("_delete"):
        return when_sent(request, match.kwargs)
    asks = _sensitive.get(name)
    return asks is not None and asks(request, match.kwargs)


def proven_recently(request: HttpRequest, now: float | None = None) -> bool:
    """Whether the person logged in, or proved again who they are, in the last minutes, in this browser.

    Also where there is nothing to ask for: an account with neither password nor second step, which logs in through GitHub or by mail.
    Nobody who must have a second step is without one.
    """
    newest = max((record.get("at", 0) for record in get_authentication_records(request, request.user)), default=0)
    if 0 <= (now or time.time()) - newest < PROOF_LASTS:
        return True
    return not get_adapter(request).get_reauthentication_methods(request.user)


def ask_first(request: HttpRequest) -> HttpResponse | None:
    """The way to the proof, with the request kept; None where the request may go on."""
    if not settings.PROOF_FOR_SENSITIVE_ACTIONS or not request.user.is_authenticated or proven_recently(request):
        return None
    keep(request)
    methods = get_adapter(request).get_reauthentication_methods(request.user)
    address = f"{methods[0]['url']}?{urlencode({'next': reverse('proven')})}"
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(address)
    return HttpResponseRedirect(address)


def keep(request: HttpRequest, now: float | None = None) -> None:
    """Put the request where it waits for the proof."""
    is_post = request.method == "POST"
    fields = [
        [name, value]
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken"
        for value in values
        if isinstance(value, str)
    ]
    too_long = sum(len(name) + len(value) for name, value in fields) > LONGEST_FORM
    request.session[WAITING] = {
        "user": request.user.pk,
        "path": request.get_full_path(),
        "is_post": is_post,
        "fields": [] if too_long else fields,
        "had_files": bool(request.FILES) if is_post else False,
        "was_too_long": too_long,
        "at": now or time.time(),
    }


def waiting_form(request: HttpRequest, now: float | None = None) -> WaitingForm | None:
    """What waits for the proof of this person; None where nothing does, or it has waited too long."""
    kept = request.session.get(WAITING)
    if not isinstance(kept, dict) or kept.get("user") != request.user.pk:
        return None
    if (now or time.time()) - kept["at"] > FORM_WAITS or not is_path_of_ours(kept["path"]):
        return None
    return WaitingForm(
        path=kept["path"],
        is_post=kept["is_post"],
        fields=[(name, value) for name, value in kept["fields"]],
        had_files=kept["had_files"],
        was_too_long=kept["was_too_long"],
    )


def forget_form(request: HttpRequest) -> None:
    """The request has gone on."""
    if WAITING in request.session:
        del request.session[WAITING]
