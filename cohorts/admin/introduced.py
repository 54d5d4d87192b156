"""Words that introduce the rows of a folded part, inside of the fold."""

from django.forms.formsets import ManagementForm
from django.forms.models import BaseInlineFormSet
from django.template.loader import render_to_string
from django.utils.functional import cached_property


class IntroducedManagementForm(ManagementForm):
    """The hidden fields of a formset, with its introduction: the admin prints this form first within the fold."""

    formset: "IntroducedFormSet"

    def __str__(self) -> str:
        context = {"hidden_fields": super().__str__(), "lines": self.formset.introduction()}
        return render_to_string("admin/cohorts/introduction.html", context)

    __html__ = __str__


class IntroducedFormSet(BaseInlineFormSet):
    def introduction(self) -> list[str]:
        """The sentences above the rows."""
        return []

    @cached_property
    def management_form(self):
        """Django makes it: it offers no place to name another class."""
        form = super().management_form
        form.__class__ = IntroducedManagementForm
        form.formset = self
        return form
