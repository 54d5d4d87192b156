"""Setting up a session: one page, in the order of the work."""

import zoneinfo

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit import record
from accounts.zones import zone_label
from cohorts import auditing
from cohorts.experience import fitting_questions
from cohorts.forms.moments import ANYWHERE_HELP, MomentField, meaning
from cohorts.models import Session, SessionRole
from cohorts.scores import keep_reviews_waiting
from cohorts.stages import stage_of
from cohorts.weeks import generate_weeks

from .access import DATES, OrganiserAdmin, part_of
from .accommodations import AccommodationsMixin
from .announcements import AnnouncementsMixin
from .arranging import ArrangingMixin
from .assigning import AssignReviewsMixin
from .copying import CopyingMixin
from .deciding import DecidingMixin
from .eligibility_inline import EligibilityRuleInline
from .feedback import FeedbackMixin
from .forming import FormingMixin
from .late_codes import LateCodesMixin
from .mail_words import MailWordsMixin
from .moving_in import MovingInMixin
from .phase_inline import ReviewPhaseInline, review_in_words
from .publications import PublicationsMixin
from .publishing import PublishingMixin
from .question_inline import QuestionFormSet, QuestionInline
from .ranking import RankingMixin
from .rejudging import ApplyRulesMixin
from .retention import RetentionMixin
from .score_import import ScoreImportMixin
from .session_copy import SessionCopyMixin
from .session_inlines import CohortInline, CriterionFormSet, CriterionInline, RoleInline, RoleInvitationInline
from .session_steps import SessionStepsMixin
from .tiers import TiersMixin
from .volunteer_inlines import TrainingTaskInline, VolunteerQuestionInline
from .volunteer_pages import VolunteerPagesMixin
from .volunteers import VolunteersMixin
from .waitlist import WaitlistMixin
from .way_to_publishing import way_to_publishing
from .week_inline import WeekInline
from .wishes import WishesMixin


class ProjectsField(forms.ModelMultipleChoiceField):
    """Refuses a number that no key can be as one that is not there: Django would ask the database for it, which fails."""

    def clean(self, value):
        if any(text.isdecimal() and len(text) > 18 for text in map(str, value or [])):
            raise forms.ValidationError(self.error_messages["invalid_pk_value"], code="invalid_pk_value", params={"pk": "…"})
        return super().clean(value)


class SessionForm(forms.ModelForm):
    applications_open_at = MomentField(label=gettext_lazy("Applications open"), required=False)
    applications_close_at = MomentField(
        label=gettext_lazy("Applications close"), required=False, anywhere=True, help_text=ANYWHERE_HELP
    )

    class Meta:
        widgets = {
            "time_zone": forms.Select(),
            "projects": forms.CheckboxSelectMultiple(),
            "review_others_scores": forms.RadioSelect(),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("applications_open_at", "applications_close_at"):
            moment = getattr(self.instance, name)
            if moment is not None:
                said = _("Saved: %(moment)s.") % {"moment": meaning(moment, self.instance.zone)}
                help_text = self.fields[name].help_text
                self.fields[name].help_text = format_html("<b>{}</b> {}", said, help_text)
        if "pause_weeks" in self.fields:
            self.fields["pause_weeks"].required = False
        if "experience_question" in self.fields:
            field = self.fields["experience_question"]
            chosen = self.instance.experience_question_id
            fitting = [one for one in fitting_questions(self.instance) if one.retired_at is None or one.pk == chosen]
            field.queryset = self.instance.questions.of_form()
            field.choices = [("", _("None: experience is not looked at")), *((one.pk, one.label) for one in fitting)]
            field.help_text = _(
                "Forming cohorts mixes levels by its answers, and shows how they are spread: a number, a rating, yes or no, or choices "
                "from least to most. Sensitive questions are not offered."
            )
        if "time_zone" in self.fields:
            names = sorted(zoneinfo.available_timezones())
            self.fields["time_zone"].widget.choices = [("UTC", "UTC")] + [(name, name) for name in names if name != "UTC"]

    def clean_pause_weeks(self):
        """Without a length the pause lasts a week."""
        return self.cleaned_data["pause_weeks"] or 1


@admin.register(Session)
class SessionAdmin(
    AccommodationsMixin,
    CopyingMixin,
    SessionCopyMixin,
    LateCodesMixin,
    AnnouncementsMixin,
    MailWordsMixin,
    ApplyRulesMixin,
    RankingMixin,
    DecidingMixin,
    WaitlistMixin,
    ScoreImportMixin,
    TiersMixin,
    AssignReviewsMixin,
    ArrangingMixin,
    FeedbackMixin,
    FormingMixin,
    MovingInMixin,
    PublicationsMixin,
    PublishingMixin,
    RetentionMixin,
    VolunteerPagesMixin,
    VolunteersMixin,
    WishesMixin,
    SessionStepsMixin,
    OrganiserAdmin,
):
    form = SessionForm
    formfield_overrides = DATES
    change_form_template = "admin/cohorts/session_change_form.html"
    change_list_template = "admin/cohorts/session_change_list.html"
    list_display = ["name", "stage", "starts_on", "applications_open_at", "applications_close_at", "links"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["stage", "announced_at", "review_closed_at", "published_at", "archived_at"]

    def rows_for(self, queryset, user):
        return queryset.organised_by(user)

    def has_add_permission(self, request) -> bool:
        return part_of(request).organises

    def has_delete_permission(self, request, obj=None) -> bool:
        """A session is archived, not deleted; the operator may delete one that was set up by mistake and never announced."""
        return request.user.is_superuser and obj is not None and obj.announced_at is None and not obj.applications.exists()

    def get_fieldsets(self, request, obj=None):
        zone = zone_label(timezone.localtime())
        times = format_html(
            "<p>{}</p>",
            _("Times on this page are in your own time zone, %(zone)s. You can change it under “Me”.") % {"zone": zone},
        )
        sets = [
            (_("1. What it is"), {"fields": ["name", "slug", "description", "contact_email", "member_label", "projects"]}),
            (
                _("2. When it is"),
                {
                    "fields": [
                        "time_zone",
                        ("starts_on", "weeks"),
                        "has_week_zero",
                        ("pause_after", "pause_weeks", "pause_note"),
                        "applications_open_at",
                        "applications_close_at",
                        ("hear_by", "reply_days"),
                    ],
                    "description": times,
                },
            ),
            (
                _("3. Cohorts"),
                {
                    "fields": [
                        ("cohort_size_min", "cohort_size_max"),
                        "min_cohort_overlap_hours",
                        "min_captain_overlap_hours",
                        "offers_free_places",
                    ]
                },
            ),
            (
                _("4. Review"),
                {
                    "fields": [
                        "review_names_hidden",
                        "reviews_each",
                        "review_assigned_only",
                        "review_others_scores",
                        "claim_minutes",
                    ],
                    "description": format_html("<p>{}</p>", review_in_words(obj)),
                },
            ),
            (_("5. People who help"), {"fields": [("takes_navigators", "takes_captains", "takes_organisers")]}),
        ]
        if obj is not None:
            # Questions are there once the session is saved.
            sets[2][1]["fields"].append("experience_question")
            steps = {"fields": [("announced_at", "review_closed_at"), ("published_at", "archived_at")]}
            sets.append((_("6. What has happened"), steps))
        return sets

    def get_inlines(self, request, obj):
        if obj is None:
            return [QuestionInline, CriterionInline, RoleInline, CohortInline]
        # Rules ask about questions that are saved, and phases follow the dates.
        return [
            QuestionInline,
            EligibilityRuleInline,
            CriterionInline,
            ReviewPhaseInline,
            RoleInline,
            *([RoleInvitationInline] if obj.role_invitations.exists() else []),
            CohortInline,
            WeekInline,
            VolunteerQuestionInline,
            TrainingTaskInline,
        ]

    def get_inline_formsets(self, request, formsets, inline_instances, obj=None):
        """Django opens a folded part where a row has errors. What is wrong with the rows together would stay out of sight."""
        parts = super().get_inline_formsets(request, formsets, inline_instances, obj)
        for part in parts:
            if part.formset.is_bound and part.formset.non_form_errors():
                part.classes = part.classes.replace("collapse", "")
        return parts

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "experience_question":
            # A plain list; the form says which questions are in it.
            return db_field.formfield()
        if db_field.name == "projects":
            # The plain list of boxes, without links that open windows.
            return db_field.formfield(
                form_class=ProjectsField, widget=forms.CheckboxSelectMultiple, queryset=db_field.remote_field.model.objects.all()
            )
        return field

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if not change:
            SessionRole.objects.get_or_create(session=obj, user=request.user, role=SessionRole.Role.ORGANISER)

    def save_related(self, request, form, formsets, change):
        if change and any(isinstance(one, CriterionFormSet | QuestionFormSet) and one.has_changed() for one in formsets):
            # Applications before what hangs on them, as whoever submits or reviews takes the locks: nobody waits in a circle.
            keep_reviews_waiting(form.instance)
        super().save_related(request, form, formsets, change)
        generate_weeks(form.instance)
        self.log_readers(request, form.instance, formsets)
        # Who has which role is noted row by row.
        parts = [one.model._meta.model_name for one in formsets if one.model is not SessionRole and one.has_changed()]
        auditing.session_saved(form.instance, by=request.user, changed=form.changed_data, parts=parts, created=not change)

    def delete_model(self, request, obj):
        record("session.deleted", by=request.user, about=obj, scope=obj)
        super().delete_model(request, obj)

    @admin.display(description=gettext_lazy("stage"))
    def stage(self, session):
        return stage_of(session).label

    @admin.display(description=gettext_lazy("go to"))
    def links(self, session):
        from django.urls import reverse

        query = f"?session__id__exact={session.pk}"
        links = [
            (reverse("admin:cohorts_application_changelist") + query, _("Applications")),
            (reverse("admin:cohorts_session_ranking", args=[session.pk]), _("Ranking")),
            (reverse("admin:cohorts_cohort_changelist") + query, _("Cohorts")),
            (reverse("session_figures", args=[session.slug]), _("Figures")),
            (reverse("admin:cohorts_session_copy", args=[session.pk]), _("Copy the session")),
        ]
        if session.published_at:
            links.insert(0, (reverse("session_board", args=[session.slug]), _("All cohorts")))
        if session.is_closing:
            links.append((reverse("admin:cohorts_testimonial_changelist") + query, _("Testimonials")))
        return format_html_join(" · ", '<a href="{}">{}</a>', links)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            way = way_to_publishing(obj, by=request.user)
            on_the_way = {step.url for step in way}
            context["way"] = way
            context["steps"] = [step for step in self.steps_of(obj, request.user) if step["url"] not in on_the_way]
            context["title"], context["subtitle"] = str(obj), None
            context["stage"] = stage_of(obj).label
            context["links_to"] = self.links(obj)
        return super().render_change_form(request, context, add, change, form_url, obj)
