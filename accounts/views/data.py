"""What the site knows about me: take it along, or delete it."""

import json

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.forms.profile import DeleteAccountForm
from accounts.models import User
from accounts.personal_data import delete_account, export, preview_deletion
from accounts.signed_in import signed_in


@signed_in
def my_data(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/my_data.html")


@require_POST
@signed_in
@never_cache
def my_data_export(request: HttpRequest) -> HttpResponse:
    """Everything about the person as a JSON file. By POST: a link that somebody is lured to must not start it."""
    text = json.dumps(export(request.user), ensure_ascii=False, indent=2)
    name = f"my-data-{timezone.localdate():%Y-%m-%d}.json"
    return HttpResponse(
        text, content_type="application/json; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@signed_in
@reauthentication_required
def my_data_delete(request: HttpRequest) -> HttpResponse:
    """Says what goes and what stays; deletes on POST with the box ticked. Both only shortly after the password was given."""
    form = DeleteAccountForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        user = User.objects.get(pk=request.user.pk)
        logout(request)
        delete_account(user, by=user)
        messages.success(request, _("Your account is deleted. Goodbye, and thank you."))
        return redirect("home")
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/delete.html", {"form": form, "deletion": preview_deletion(request.user)}, status=status)
