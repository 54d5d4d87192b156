"""A person's own page."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.bounces import OVER_WHEN_SAID, clear_trouble, troubled_addresses
from accounts.feeds import create_feed, revoke_feed
from accounts.forms.profile import GitHubLoginForm, ProfileForm
from accounts.links import absolute_url
from accounts.models import Availability, CalendarFeed, GitHubIdentity, User
from accounts.signed_in import signed_in


@signed_in
def me(request: HttpRequest) -> HttpResponse:
    """Profile with its form; what else there is to set stands beside it."""
    # A row of its own: what was typed wrongly must not show as the name in the page's head.
    form = ProfileForm(request.POST if request.method == "POST" else None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST":
        if form.is_valid():
            form.save()
            messages.success(request, _("Your profile is saved."))
            return redirect("me")
        return _page(request, profile_form=form, status=422)
    return _page(request, profile_form=form)


@require_POST
@signed_in
def github_login(request: HttpRequest) -> HttpResponse:
    """Type, change or remove one's GitHub login."""
    form = GitHubLoginForm(request.POST, user=request.user)
    if form.is_valid() and form.save(by=request.user):
        messages.success(request, _("Your GitHub login is saved."))
        return redirect("me")
    return _page(request, github_form=form, status=422)


@require_POST
@signed_in
def address_is_well(request: HttpRequest) -> HttpResponse:
    """Forget that mail came back: the person looked, and says that the address is well."""
    for address in _addresses_of(request.user):
        clear_trouble(address, reasons=OVER_WHEN_SAID)
    messages.success(request, _("Thank you. We write to this address as before."))
    return redirect("me")


def _addresses_of(user: User) -> set[str]:
    # Anybody can name an address of somebody else: what became of mail to it is not theirs to read or to forget.
    return {user.email, *EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)}


def _page(request, *, profile_form=None, github_form=None, status=200):
    user = request.user
    addresses = _addresses_of(user)
    identity = GitHubIdentity.objects.filter(user=user).first()
    return render(
        request,
        "accounts/me.html",
        {
            "form": profile_form or ProfileForm(instance=User.objects.get(pk=user.pk)),
            "github_form": github_form or GitHubLoginForm(user=user, initial={"login": identity.login if identity else ""}),
            "failed_form": github_form or profile_form,
            "identity": identity,
            "is_connected": SocialAccount.objects.filter(user=user, provider="github").exists(),
            "availability": Availability.objects.filter(user=user).first(),
            "feed": CalendarFeed.objects.visible_to(user).working().first(),
            "addresses": len(addresses),
            "trouble": troubled_addresses([user.email]).get(user.email.lower()),
            "has_two_step": Authenticator.objects.filter(user=user).exists(),
        },
        status=status,
    )


@require_POST
@signed_in
def calendar_create(request: HttpRequest) -> HttpResponse:
    """Make a calendar address and show it, once: only its hash is kept."""
    token = create_feed(request.user)
    response = render(request, "accounts/calendar_created.html", {"address": absolute_url(reverse("feed", args=[token]))})
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@signed_in
def calendar_revoke(request: HttpRequest) -> HttpResponse:
    if revoke_feed(request.user):
        messages.success(request, _("Your calendar address does not work any more."))
    else:
        messages.info(request, _("There was no calendar address."))
    return redirect("me")
