"""The page on which organisers say how long a session keeps what people wrote: the schedule, what would go when, and what went."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from cohorts.models import RetentionRun
from cohorts.retention import kind_named, schedule_of, set_days
from cohorts.retention.kinds import LONGEST
from cohorts.retention.schedule import due_at_once

URL_NAME = "cohorts_session_retention"
#: Lines of the log on a page.
RUNS_AT_ONCE = 50


class RetentionForm(forms.Form):
    """Days for each kind, as `days_<kind>`."""

    confirm = forms.BooleanField(
        required=False, label=gettext_lazy("Yes, let it go with the next removal. Nobody can bring it back.")
    )

    def __init__(self, *args, lines, **kwargs):
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            self.fields[f"days_{line.kind.key}"] = forms.IntegerField(
                label=line.kind.label,
                initial=line.days,
                min_value=1,
                max_value=LONGEST,
                widget=forms.NumberInput(attrs={"inputmode": "numeric", "class": "vIntegerField"}),
                error_messages={
                    "required": gettext_lazy("Give the days after the end of the session."),
                    "invalid": gettext_lazy("Give a whole number of days."),
                    "min_value": gettext_lazy("Give at least one day."),
                    "max_value": gettext_lazy("Give ten years (3650 days) at most."),
                },
            )

    def rows(self):
        """Each line with its field."""
        return [(line, self[f"days_{line.kind.key}"]) for line in self.lines]

    @property
    def wanted(self) -> dict[str, int]:
        return {line.kind.key: self.cleaned_data[f"days_{line.kind.key}"] for line in self.lines}


class RetentionMixin:
    """Adds the page to the admin of sessions."""

    def get_urls(self):
        return [path("<int:pk>/retention/", self.admin_site.admin_view(self.retention_view), name=URL_NAME), *super().get_urls()]

    @method_decorator(require_http_methods(["GET", "POST"]))
    def retention_view(self, request, pk: int):
        """GET: schedule, dry run and log. POST: other days; what would go at once because of them has to be confirmed."""
        session = self._organised(request, pk)
        lines = schedule_of(session, counted=True)
        form = RetentionForm(request.POST if request.method == "POST" else None, lines=lines)
        at_once = []
        if form.is_bound and form.is_valid():
            at_once = due_at_once(session, form.wanted)
            if not at_once or form.cleaned_data["confirm"]:
                changed = set_days(session, form.wanted, by=request.user)
                self._say_days_changed(request, session, changed)
                return redirect(f"admin:{URL_NAME}", pk=session.pk)
        runs = Paginator(RetentionRun.objects.visible_to(request.user).filter(session=session), RUNS_AT_ONCE)
        page = runs.get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("What is kept how long: %(session)s") % {"session": session},
            "session": session,
            "form": form,
            "at_once": at_once,
            "now": timezone.now(),
            "runs": [(run, _label(run.kind)) for run in page],
            "page": page,
            "session_url": reverse("admin:cohorts_session_change", args=[session.pk]),
        }
        status = 422 if form.is_bound else 200
        return TemplateResponse(request, "admin/cohorts/retention.html", context, status=status)

    def _say_days_changed(self, request, session, changed: list[str]) -> None:
        if not changed:
            messages.info(request, _("Nothing was changed."))
            return
        text = ngettext("The time of %(count)s kind is changed.", "The times of %(count)s kinds are changed.", len(changed)) % {
            "count": len(changed)
        }
        self.log_change(request, session, text)
        messages.success(request, text)


def _label(key: str) -> str:
    """The name of a kind; of one that this version of the site no longer knows, its key."""
    try:
        return str(kind_named(key).label)
    except LookupError:
        return key
