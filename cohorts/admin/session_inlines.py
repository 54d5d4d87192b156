"""What belongs to a session and is edited on its page."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, Max, OuterRef
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _

from cohorts.models import Cohort, Criterion, Membership, RoleInvitation, Score, SessionRole
from cohorts.role_invitations import take_back
from cohorts.scores import keep_reviews_waiting, rescore_session

from .person_by_email import PeopleByEmailFormSet, PeopleByEmailInline, PersonByEmailForm


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


class KeepsUsedFormSet(BaseInlineFormSet):
    """What was answered, scored or joined is not deleted by tidying up: the box beside it is off and says why.

    The inline's query marks such rows with `is_used`.
    """

    why = _("In use: stays")

    def add_fields(self, form, index):
        super().add_fields(form, index)
        if DELETION_FIELD_NAME in form.fields and getattr(form.instance, "is_used", False):
            form.fields[DELETION_FIELD_NAME].disabled = True
            form.fields[DELETION_FIELD_NAME].label = self.why


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


class CriterionFormSet(KeepsUsedFormSet):
    why = _("Has scores: stays. With a weight of 0 it counts no more.")

    def save(self, commit=True):
        """What reviews come to is stored with them: it changes with the weights."""
        if not (commit and self.has_changed() and self.instance.pk):
            return super().save(commit)
        with transaction.atomic():
            keep_reviews_waiting(self.instance)
            saved = super().save(commit)
            rescore_session(self.instance)
        return saved


class CriterionInline(SessionPartInline, admin.StackedInline):
    model = Criterion
    form = CriterionForm
    formset = CriterionFormSet
    fields = [("order", "weight"), "name", "help_text", "anchors", ("required", "independent")]
    classes = ["collapse"]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(is_used=Exists(Score.objects.filter(criterion=OuterRef("pk"))))

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name in ("help_text", "anchors"):
            kwargs["widget"] = forms.Textarea(
                attrs={"rows": 2 if db_field.name == "help_text" else 5, "class": "vLargeTextField"}
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class RoleFormSet(PeopleByEmailFormSet):
    """A session keeps at least one organiser, once it has one."""

    def clean(self):
        super().clean()
        had = [form for form in self.initial_forms if form.instance.role == SessionRole.Role.ORGANISER]
        stay = [
            form
            for form in self.forms
            if getattr(form, "cleaned_data", None)
            and not self._should_delete_form(form)
            and not form.address_to_invite
            and form.cleaned_data.get("role") == SessionRole.Role.ORGANISER
        ]
        if had and not stay:
            raise ValidationError(_("A session needs an organiser. Add another one before you take the last one away."))


class RoleForm(PersonByEmailForm):
    def clean(self):
        cleaned = super().clean()
        if cleaned.get("reads_accommodations") and cleaned.get("role") != SessionRole.Role.ORGANISER:
            self.add_error(
                "reads_accommodations", _("Only organisers can read them. Untick this, or make the person an organiser.")
            )
        return cleaned


class RoleInline(PeopleByEmailInline, SessionPartInline, admin.StackedInline):
    model = SessionRole
    form = RoleForm
    formset = RoleFormSet
    fields = [("person_email", "role"), "reads_accommodations"]
    verbose_name_plural = _("organisers, reviewers and storytellers")
    classes = ["collapse"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("user").order_by("role", "pk")


class RoleInvitationFormSet(BaseInlineFormSet):
    """`by` is set by `PeopleByEmailInline`."""

    by = None

    def delete_existing(self, obj, commit=True):
        if commit:
            take_back(obj, by=self.by)


class RoleInvitationInline(PeopleByEmailInline, SessionPartInline, admin.StackedInline):
    """Addresses that were asked to take a part and have not answered: they can be taken back."""

    model = RoleInvitation
    formset = RoleInvitationFormSet
    fields = readonly_fields = ["email", "role", "cohort", "invited_at"]
    verbose_name_plural = _("asked by mail, not answered yet")
    classes = ["collapse"]

    def has_add_permission(self, request, obj) -> bool:
        return False

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("cohort").order_by("role", "pk")


class CohortFormSet(KeepsUsedFormSet):
    why = _("Has people: stays")


class CohortInline(SessionPartInline, admin.StackedInline):
    model = Cohort
    formset = CohortFormSet
    fields = [("name", "project")]
    show_change_link = True
    classes = ["collapse"]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(is_used=Exists(Membership.objects.filter(cohort=OuterRef("pk"))))
