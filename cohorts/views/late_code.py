"""Entering a code of the organisers, with which one may apply after the deadline."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.limits import within_limit
from accounts.templatetags.interface import full_time
from cohorts.forms.late_code import LateCodeForm
from cohorts.late_access import LateCodeError, deadline_for, use_code
from cohorts.models import Session


@never_cache
@sensitive_post_parameters("code")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def late_code(request, slug):
    """GET asks for the code, POST uses it and leads to the form. A wrong code stays in the field, with the reason."""
    session = get_object_or_404(Session.objects.visible_to(request.user), slug=slug)
    form = LateCodeForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_bound:
        status = 422
        if not within_limit(request, "late_code"):
            form.add_error("code", _("You tried many codes in a short time. Wait an hour, or write to the organisers."))
            status = 429
        elif form.is_valid():
            try:
                use_code(session, form.cleaned_data["code"], by=request.user)
            except LateCodeError as error:
                form.add_error("code", str(error))
            else:
                until = full_time(timezone.localtime(deadline_for(session, request.user)))
                messages.success(request, _("The code is right. You can apply until %(moment)s.") % {"moment": until})
                return redirect("apply", slug=session.slug)
    return render(request, "cohorts/late_code.html", {"session": session, "form": form}, status=status)
