"""The weeks of a session on its page: when they are, and what organisers have to say to them."""

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminDateWidget
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _

from cohorts.models import Session, Week
from cohorts.weeks import Days, days_of, move_week, obstacles_to_days, planned_days, week_numbers

from .session_inlines import SessionPartInline

DATES = ("starts_on", "ends_on")


class WeekForm(forms.ModelForm):
    starts_on = forms.DateField(label=_("First day"), required=False, widget=AdminDateWidget)
    ends_on = forms.DateField(
        label=_("Last day"), required=False, widget=AdminDateWidget, help_text=_("Empty: as the session's dates have it.")
    )

    class Meta:
        model = Week
        fields = ("starts_on", "ends_on", "title", "announcement", "before_tasks", "after_tasks")

    def days(self, session: Session) -> Days:
        """The days that this week is to have: typed ones, or where the session's dates put it."""
        if not any(name in self.changed_data for name in DATES):
            return days_of(session, self.instance)
        planned = planned_days(session, self.instance.number)
        begins, ends = (self.cleaned_data.get(name) or day for name, day in zip(DATES, planned, strict=True))
        return begins, ends

    def save(self, commit=True):
        move_week(self.instance, self.days(self.instance.session))
        return super().save(commit)


class WeekFormSet(BaseInlineFormSet):
    """Judges all days together, as they will be: those that were typed, and those that the session's dates give the other weeks."""

    def clean(self):
        super().clean()
        session: Session = self.instance
        if any(self.errors) or not session.starts_on or not session.weeks:
            return
        forms_of = {form.instance.number: form for form in self.forms if form.instance.number in week_numbers(session)}
        for number, against in obstacles_to_days(
            session, {number: one.days(session) for number, one in forms_of.items()}
        ).items():
            forms_of[number].add_error("starts_on", against)


class WeekInline(SessionPartInline, admin.StackedInline):
    """The rows come from the session's dates; organisers move them by days, and write the texts."""

    model = Week
    form = WeekForm
    formset = WeekFormSet
    fields = [DATES, "title", "announcement", "before_tasks", "after_tasks"]
    classes = ["collapse"]
    verbose_name_plural = _("weeks: days, titles, announcements and tasks")

    def has_add_permission(self, request, obj) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name not in ("title", *DATES):
            kwargs["widget"] = forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)
