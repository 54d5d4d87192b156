"""One-click unsubscribing, for people and for their mail providers."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.limits import TOO_OFTEN, within_limit
from accounts.unsubscribing import Subscription, read_token, subscribe_again
from accounts.unsubscribing import unsubscribe as switch_off


# Mail providers press the button for people: without a log-in, without our cookie. The signature in the address is what counts.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """A page with a button; pressing it, or a provider's POST, switches the mail off. Opening the page changes nothing."""
    subscription = _subscription(token)
    if request.method != "POST":
        return _page(request, token, subscription, is_off=False)
    if not within_limit(request, "unsubscribe", key=token):
        return HttpResponse(TOO_OFTEN, status=429, content_type="text/plain; charset=utf-8")
    switch_off(subscription)
    # The same answer whether it was on, was off, or the account is gone: who has the link learns nothing of the person.
    return _page(request, token, subscription, is_off=True)


@require_POST
def subscribe(request: HttpRequest, token: str) -> HttpResponse:
    """The way back, for who pressed the button by mistake."""
    subscription = _subscription(token)
    if not within_limit(request, "unsubscribe", key=token):
        return HttpResponse(TOO_OFTEN, status=429, content_type="text/plain; charset=utf-8")
    subscribe_again(subscription)
    return redirect(reverse("unsubscribe", args=[token]) + "?on=1")


def _subscription(token: str) -> Subscription:
    subscription = read_token(token)
    if subscription is None:
        raise Http404
    return subscription


def _page(request, token, subscription, *, is_off):
    context = {"token": token, "category": subscription.category, "is_off": is_off, "is_on_again": "on" in request.GET}
    context["me_url"] = reverse("me") + "#mail"
    response = render(request, "accounts/unsubscribe.html", context)
    # The address is a key: it must not travel on as a referrer, nor stay in a cache or a search engine. Not “no-referrer”: browsers
    # then send forms without an origin, and the way back is refused as forged.
    response["Referrer-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    return response
