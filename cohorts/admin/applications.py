"""Applications as organisers see them: with names, figures and decisions. Reviewers have a list of their own: `reviewing`."""

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.http import Http404
from django.shortcuts import redirect
from django.template.defaultfilters import floatformat
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.bounces import troubled_addresses
from accounts.models import Availability
from cohorts.applicant_identity import with_visible_applicant
from cohorts.assessing import let_rules_decide
from cohorts.earlier_sessions import KINDS, in_words, narrowed_by_earlier
from cohorts.models import Answer, Application, ApplicationEvent, Membership, Review, Session
from cohorts.pending import DecisionError
from cohorts.phases import obstacle_to_deciding
from cohorts.placing import was_not_chosen
from cohorts.reviews import ReviewError, declare_conflict
from cohorts.scores import with_mean_score

from .access import OrganiserAdmin
from .application_export import export
from .application_figures import attach_earlier, attach_figures
from .application_form import DecisionForm
from .deciding import ask_to_decide

Decision = Application.Decision


class ApplicationList(ChangeList):
    def get_results(self, request):
        super().get_results(request)
        self.result_list = list(self.result_list)
        attach_figures(self.result_list, request.user)
        attach_earlier(self.result_list, request.user)


class PlacedFilter(admin.SimpleListFilter):
    title = gettext_lazy("cohort")
    parameter_name = "placed"

    def lookups(self, request, model_admin):
        return [("yes", _("In a cohort")), ("no", _("In no cohort"))]

    def queryset(self, request, queryset):
        placed = Exists(
            Membership.objects.filter(user=OuterRef("applicant"), cohort__session=OuterRef("session")).exclude(state="left")
        )
        if self.value() == "yes":
            return queryset.filter(placed)
        return queryset.exclude(placed) if self.value() == "no" else queryset


class EarlierFilter(admin.SimpleListFilter):
    title = gettext_lazy("earlier sessions")
    parameter_name = "earlier"

    def lookups(self, request, model_admin):
        return list(KINDS.items())

    def queryset(self, request, queryset):
        return narrowed_by_earlier(queryset, self.value() or "", viewer=request.user)


def _number(value: float | None) -> str:
    return "–" if value is None else floatformat(value, 2)


@admin.register(Application)
class ApplicationAdmin(OrganiserAdmin):
    list_display = [
        "name",
        "session",
        "status",
        "reviews",
        "mean",
        "median",
        "spread",
        "decision",
        "cohort",
        "eligibility",
        "tier",
        "earlier",
    ]
    list_filter = [
        ("session", admin.RelatedOnlyFieldListFilter),
        "status",
        "pending_decision",
        "eligibility",
        "tier",
        PlacedFilter,
        EarlierFilter,
    ]
    list_select_related = ["session", "applicant"]
    list_per_page = 100
    # Answered by `get_search_results`; the names here only say that there is a search.
    search_fields = ["applicant__name"]
    actions = ["decide_offer", "decide_waitlist", "decide_not_selected", "decide_none"]
    change_list_template = "admin/cohorts/application_change_list.html"

    def rows_for(self, queryset, user):
        """Of the sessions one organises; never one's own, and none with a declared conflict. Drafts are the applicant's alone."""
        return with_mean_score(queryset.filter(pk__in=Application.objects.decided_by(user).values("pk")), viewer=user)

    def get_changelist(self, request, **kwargs):
        return ApplicationList

    def get_search_results(self, request, queryset, search_term):
        term = search_term.strip()
        if not term:
            return queryset, False
        known = with_visible_applicant(Application.objects.all(), request.user)
        found = Q(
            pk__in=known.filter(
                Q(applicant__name__icontains=term)
                | Q(applicant__email__icontains=term)
                | Q(applicant__github__login__icontains=term)
            ).values("pk")
        )
        if term.isdecimal() and len(term) < 10:
            found |= Q(pk=int(term))
        return queryset.filter(found), False

    # --- the list

    def get_list_display(self, request):
        """Without the column of the session where the list is about one session."""
        if "session__id__exact" in request.GET:
            return [name for name in self.list_display if name != "session"]
        return self.list_display

    @admin.display(description=gettext_lazy("applicant"), ordering="applicant__name")
    def name(self, application):
        return application.applicant.get_full_name()

    @admin.display(description=gettext_lazy("reviews"))
    def reviews(self, application):
        return application.figures.count

    @admin.display(description=gettext_lazy("mean"), ordering=Coalesce("mean_score", Value(-1.0)))
    def mean(self, application):
        return _number(application.figures.mean)

    @admin.display(description=gettext_lazy("median"))
    def median(self, application):
        return _number(application.figures.median)

    @admin.display(description=gettext_lazy("spread"))
    def spread(self, application):
        figures = application.figures
        if figures.spread is None:
            return "–"
        return format_html("{} <small>{}–{}</small>", _number(figures.spread), _number(figures.lowest), _number(figures.highest))

    @admin.display(description=gettext_lazy("pending decision"), ordering="pending_decision")
    def decision(self, application):
        if application.pending_decision == Decision.NONE:
            return "–"
        text = application.get_pending_decision_display()
        return f"{text}, {application.pending_rank}" if application.pending_rank else text

    @admin.display(description=gettext_lazy("cohort"))
    def cohort(self, application):
        return application.placement.cohort.name if application.placement else "–"

    @admin.display(description=gettext_lazy("earlier sessions"))
    def earlier(self, application):
        return in_words(application.earlier) or "–"

    # --- actions

    def _decide(self, request, queryset, decision):
        """Asks on a page first: what is noted, in the order of the list, and who cannot be decided on."""
        rows = list(queryset.values_list("pk", "session"))
        sessions = {session for _pk, session in rows}
        if len(sessions) > 1:
            messages.error(request, _("Choose applications of one session at a time: filter the list by session first."))
            return None
        session = Session.objects.organised_by(request.user).filter(pk__in=sessions).first()
        if session is None:
            return None
        return ask_to_decide(self, request, session, [pk for pk, _session in rows], decision)

    @admin.action(description=gettext_lazy("Decide: offer a place"))
    def decide_offer(self, request, queryset):
        return self._decide(request, queryset, Decision.OFFER)

    @admin.action(description=gettext_lazy("Decide: waitlist"))
    def decide_waitlist(self, request, queryset):
        return self._decide(request, queryset, Decision.WAITLIST)

    @admin.action(description=gettext_lazy("Decide: not selected"))
    def decide_not_selected(self, request, queryset):
        return self._decide(request, queryset, Decision.NOT_SELECTED)

    @admin.action(description=gettext_lazy("Take the pending decision back"))
    def decide_none(self, request, queryset):
        return self._decide(request, queryset, Decision.NONE)

    # --- pages

    def get_urls(self):
        own = [
            path("export/", self.admin_site.admin_view(self.export_view), name="cohorts_application_export"),
            path("<int:pk>/rules/", self.admin_site.admin_view(self.rules_view), name="cohorts_application_rules"),
            path("<int:pk>/conflict/", self.admin_site.admin_view(self.conflict_view), name="cohorts_application_conflict"),
        ]
        return own + super().get_urls()

    def export_view(self, request):
        """The list as it is filtered and sorted, as CSV."""
        if not self.has_view_permission(request):
            raise Http404
        request.GET = request.GET.copy()
        request.GET.pop("p", None)
        changelist = self.get_changelist_instance(request)
        return export(changelist.get_queryset(request).select_related("session", "applicant"), viewer=request.user)

    @method_decorator(require_POST)
    def rules_view(self, request, pk: int):
        """Takes back what was set by hand."""
        application = self.get_object(request, str(pk))
        if application is None:
            raise Http404
        try:
            decided = let_rules_decide(application, by=request.user)
        except DecisionError as error:
            messages.error(request, str(error))
        else:
            self.log_change(request, application, _("Let the rules decide about the eligibility again."))
            words = _("By the rules: %(eligibility)s.") % {"eligibility": decided.get_eligibility_display()}
            messages.success(request, words)
        return redirect("admin:cohorts_application_change", object_id=application.pk)

    @method_decorator(require_POST)
    def conflict_view(self, request, pk: int):
        application = self.get_object(request, str(pk))
        if application is None:
            raise Http404
        try:
            declare_conflict(application, by=request.user)
        except ReviewError as error:
            messages.error(request, str(error))
        else:
            text = _("You no longer see this application. Another organiser decides on it. Take it back in the review queue.")
            messages.success(request, text)
        return redirect("admin:cohorts_application_changelist")

    @method_decorator(require_http_methods(["GET", "POST"]))
    def change_view(self, request, object_id, form_url="", extra_context=None):
        application = self.get_object(request, object_id)
        if application is None or not self.has_change_permission(request, application):
            raise Http404
        form = DecisionForm(request.POST or None, application=application, user=request.user)
        if request.method == "POST" and form.is_valid() and form.save():
            self.log_change(request, application, _("Changed the assessment or the pending decision."))
            messages.success(request, _("Saved."))
            cohort = form.cleaned_data["cohort"]
            if cohort and was_not_chosen(application, cohort):
                text = _("%(person)s named projects and left out %(project)s. Ask before you offer this place.")
                messages.warning(request, text % {"person": application.applicant, "project": cohort.project})
            return redirect(request.get_full_path())
        attach_figures([application], request.user)
        attach_earlier([application], request.user)
        reviews = list(
            Review.objects.visible_to(request.user)
            .handed_in()
            .filter(application=application)
            .select_related("reviewer")
            .prefetch_related("scores__criterion")
        )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": application.applicant.get_full_name(),
            "subtitle": str(application),
            "original": application,
            "application": application,
            "form": form,
            "availability": Availability.objects.visible_to(request.user).filter(user=application.applicant_id).first(),
            "trouble": troubled_addresses([application.applicant.email]).get(application.applicant.email.lower()),
            "obstacle_to_deciding": obstacle_to_deciding(application.session),
            "answers": Answer.objects.visible_to(request.user).filter(application=application).select_related("question", "file"),
            "file_names": True,
            "preferences": application.project_preferences.select_related("project"),
            "github": getattr(application.applicant, "github", None),
            "reviews": reviews,
            "events": ApplicationEvent.objects.visible_to(request.user).filter(application=application).select_related("actor"),
            "list_url": reverse("admin:cohorts_application_changelist") + f"?session__id__exact={application.session_id}",
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/cohorts/application.html", context)
