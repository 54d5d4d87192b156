"""The page behind the link of an invitation to take a part in a session."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cohorts.role_invitations import RoleInvitationError, accept, invitation_of, is_to, refuse


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def role_invitation(request: HttpRequest, key: str) -> HttpResponse:
    """Opening it changes nothing; POST says yes (with an account) or no (without one, too)."""
    found = invitation_of(key)
    if found is None:
        return render(request, "cohorts/role_invitation.html", {"invitation": None}, status=410)
    if request.method == "POST":
        return _answer(request, key)
    back = urlencode({"next": request.path})
    context = {
        "invitation": found,
        "session": found.session,
        "is_mine": request.user.is_authenticated and is_to(found, request.user),
        "log_in": f"{reverse('account_login')}?{back}",
        "sign_up": f"{reverse('account_signup')}?{back}",
    }
    return render(request, "cohorts/role_invitation.html", context)


def _answer(request: HttpRequest, key: str) -> HttpResponse:
    if request.POST.get("answer") == "no":
        refuse(key)
        messages.success(request, _("Thank you for answering. Your address is forgotten here."))
        return redirect("home")
    if not request.user.is_authenticated:
        return redirect(f"{reverse('account_login')}?{urlencode({'next': request.path})}")
    try:
        taken = accept(key, by=request.user)
    except RoleInvitationError as error:
        messages.error(request, str(error))
        return redirect(request.path)
    words = _("Thank you. You are part of %(session)s now: %(role)s.")
    messages.success(request, words % {"session": taken.session, "role": taken.get_role_display()})
    return redirect("session", taken.session.slug)
