"""What the site knows about me: take it along, or delete it."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.data_requests import my_requests, open_archive, request_deletion, request_export
from accounts.forms.profile import DeleteAccountForm
from accounts.limits import TOO_OFTEN, within_limit
from accounts.models import DataRequest, User
from accounts.personal_data import preview_deletion
from accounts.signed_in import signed_in


@signed_in
@never_cache
def my_data(request: HttpRequest) -> HttpResponse:
    """What was asked for and how far it is. For htmx, which asks while something is under way, that part alone."""
    found = my_requests(request.user)
    context = {"newest": found[0] if found else None, "earlier": found[1:]}
    return render(request, "accounts/_data_request.html" if request.htmx else "accounts/my_data.html", context)


@signed_in
@reauthentication_required
@never_cache
@require_http_methods(["GET", "POST"])
def my_data_export(request: HttpRequest) -> HttpResponse:
    """Says what is in the file, and asks for it on POST: a link that somebody is lured to must not start it."""
    if request.method == "POST":
        if not within_limit(request, "export"):
            messages.error(request, TOO_OFTEN)
        else:
            request_export(request.user, by=request.user)
            messages.success(request, _("We put your data together. You get a mail when the file is ready."))
        return redirect("my_data")
    return render(request, "accounts/export.html")


@signed_in
@reauthentication_required
@never_cache
@require_safe
def my_data_download(request: HttpRequest, key) -> HttpResponse:
    """The file, to the person alone, as a stream; a page of words where it is not kept any longer."""
    found = get_object_or_404(DataRequest.objects.visible_to(request.user), key=key, kind=DataRequest.Kind.EXPORT)
    try:
        stream = open_archive(found, by=request.user, http_request=request)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("my_data")
    name = f"my-data-{timezone.localdate(found.ended_at):%Y-%m-%d}.zip"
    response = FileResponse(stream, as_attachment=True, filename=name, content_type="application/zip")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@signed_in
@reauthentication_required
@never_cache
@require_http_methods(["GET", "POST"])
def my_data_delete(request: HttpRequest) -> HttpResponse:
    """Says what goes and what stays; on POST with the box ticked closes the account. Both only shortly after the password was given."""
    form = DeleteAccountForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        user = User.objects.get(pk=request.user.pk)
        request_deletion(user, by=user)
        logout(request)
        messages.success(
            request,
            _("Your account is closed, and is being deleted. You get one last mail when that is done. Goodbye, and thank you."),
        )
        return redirect("home")
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/delete.html", {"form": form, "deletion": preview_deletion(request.user)}, status=status)
