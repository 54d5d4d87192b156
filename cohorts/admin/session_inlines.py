"""What belongs to a session and is edited on its page."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _

from cohorts.models import Cohort, Criterion, Question, SessionRole, Week

from .person_by_email import PersonByEmailForm


class SessionPartInline:
    """Whoever may change the session may change what belongs to it: the session's own page has checked that."""

    extra = 0

    def has_view_permission(self, request, obj=None) -> bool:
        return True

    def has_add_permission(self, request, obj) -> bool:
        return True

    def has_change_permission(self, request, obj=None) -> bool:
        return True

    def has_delete_permission(self, request, obj=None) -> bool:
        return True


class QuestionFormSet(BaseInlineFormSet):
    """Keeps answered questions: what people wrote is not deleted by tidying up the form."""

    def clean(self):
        super().clean()
        for form in self.forms:
            if form.instance.pk and self._should_delete_form(form) and form.instance.answers.exists():
                raise ValidationError(
                    _("“%(question)s” has answers and stays. To ask it no more, make it optional and not shown."),
                    params={"question": form.instance.label},
                )


class QuestionInline(SessionPartInline, admin.StackedInline):
    model = Question
    formset = QuestionFormSet
    fields = [
        ("order", "kind"),
        "label",
        "help_text",
        "choices",
        ("min_words", "max_words"),
        ("required", "sensitive", "shown_to_reviewers"),
    ]
    classes = ["collapse"]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name in ("help_text", "choices"):
            kwargs["widget"] = forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class CriterionForm(forms.ModelForm):
    def clean_anchors(self):
        anchors = [line.strip() for line in self.cleaned_data["anchors"].splitlines() if line.strip()]
        if len(anchors) < 2:
            raise ValidationError(_("Give at least two anchors, one a line: what a score of 0 means, and what 1 means."))
        if self.instance.pk:
            given = self.instance.scores.aggregate(highest=Max("value"))["highest"]
            if given is not None and given > len(anchors) - 1:
                raise ValidationError(
                    _("Somebody has given a score of %(score)s: keep at least %(count)s anchors."),
                    params={"score": given, "count": given + 1},
                )
        return "\n".join(anchors)


class CriterionFormSet(BaseInlineFormSet):
    """Keeps criteria with scores."""

    def clean(self):
        super().clean()
        for form in self.forms:
            if form.instance.pk and self._should_delete_form(form) and form.instance.scores.exists():
                raise ValidationError(
                    _("“%(criterion)s” has scores and stays. With a weight of 0 it counts no more."),
                    params={"criterion": form.instance.name},
                )


class CriterionInline(SessionPartInline, admin.StackedInline):
    model = Criterion
    form = CriterionForm
    formset = CriterionFormSet
    fields = [("order", "weight"), "name", "help_text", "anchors", ("required", "independent")]
    classes = ["collapse"]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name in ("help_text", "anchors"):
            kwargs["widget"] = forms.Textarea(
                attrs={"rows": 2 if db_field.name == "help_text" else 5, "class": "vLargeTextField"}
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class RoleFormSet(BaseInlineFormSet):
    """A session keeps at least one organiser, once it has one."""

    def clean(self):
        super().clean()
        had = [form for form in self.initial_forms if form.instance.role == SessionRole.Role.ORGANISER]
        stay = [
            form
            for form in self.forms
            if getattr(form, "cleaned_data", None)
            and not self._should_delete_form(form)
            and form.cleaned_data.get("role") == SessionRole.Role.ORGANISER
        ]
        if had and not stay:
            raise ValidationError(_("A session needs an organiser. Add another one before you take the last one away."))


class RoleInline(SessionPartInline, admin.StackedInline):
    model = SessionRole
    form = PersonByEmailForm
    formset = RoleFormSet
    fields = [("person_email", "role")]
    verbose_name_plural = _("organisers and reviewers")
    classes = ["collapse"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("user").order_by("role", "pk")


class CohortFormSet(BaseInlineFormSet):
    """Keeps cohorts that have people."""

    def clean(self):
        super().clean()
        for form in self.forms:
            if form.instance.pk and self._should_delete_form(form) and form.instance.memberships.exists():
                raise ValidationError(
                    _("%(cohort)s has people. Take them out on the page of the cohort first."),
                    params={"cohort": form.instance.name},
                )


class CohortInline(SessionPartInline, admin.StackedInline):
    model = Cohort
    formset = CohortFormSet
    fields = [("name", "project")]
    show_change_link = True
    classes = ["collapse"]


class WeekInline(SessionPartInline, admin.StackedInline):
    """The rows come from the session's dates; organisers write the texts."""

    model = Week
    fields = ["title", "announcement", "before_tasks", "after_tasks"]
    classes = ["collapse"]
    verbose_name_plural = _("weeks: titles, announcements and tasks")

    def has_add_permission(self, request, obj) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name != "title":
            kwargs["widget"] = forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)
