"""Those who lead a cohort write down where it chats and how it works together."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.signed_in import signed_in
from cohorts import roles
from cohorts.cohort_details import FIELDS, ChangedElsewhere, change_details
from cohorts.forms.cohort_details import CohortDetailsForm
from cohorts.models import Cohort


@never_cache
@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def cohort_details(request, pk):
    cohort = get_object_or_404(Cohort.objects.visible_to(request.user).select_related("session"), pk=pk)
    if not roles.leads(request.user, cohort):
        raise Http404
    elsewhere, status = "", 200
    if request.method == "POST":
        form, status = CohortDetailsForm(request.POST, instance=Cohort.objects.get(pk=pk)), 422
        if form.is_valid():
            values = {name: form.cleaned_data[name] for name in FIELDS}
            try:
                change_details(cohort, by=request.user, seen=form.cleaned_data["seen"], **values)
            except ValidationError as error:
                form.add_error(None, error)
            except ChangedElsewhere as error:
                elsewhere, status = error.cohort.about, 409
                form = CohortDetailsForm({**values, "seen": error.cohort.about}, instance=error.cohort)
            else:
                messages.success(request, _("Saved. The cohort sees it on its page."))
                return redirect("cohort", pk)
    else:
        form = CohortDetailsForm(instance=cohort)
    context = {"cohort": cohort, "session": cohort.session, "form": form, "elsewhere": elsewhere}
    return render(request, "cohorts/cohort_details.html", context, status=status)
