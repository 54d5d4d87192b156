"""The form with which organisers ask for a proposal: how long to think, and whom to fix where or keep out of where."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cohorts.forming_inputs import Inputs
from cohorts.proposals import SECONDS

#: Empty lines that the form offers, and how many it takes at most.
EXTRA, MOST = 3, 200
IN, NOT_IN = "in", "out"


def _seconds_words(seconds: int) -> str:
    if seconds < 60:
        return ngettext("%(count)s second", "%(count)s seconds", seconds) % {"count": seconds}
    return ngettext("%(count)s minute", "%(count)s minutes", seconds // 60) % {"count": seconds // 60}


class FormingForm(forms.Form):
    """How long the search may take."""

    seconds = forms.TypedChoiceField(
        label=gettext_lazy("How long to think, at most"),
        coerce=int,
        initial=30,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("It ends sooner where it has proven that nothing better is possible."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["seconds"].choices = [(seconds, _seconds_words(seconds)) for seconds in SECONDS]


class RuleForm(forms.Form):
    """One person who is to be in a cohort, or not. An empty line is none."""

    person = forms.TypedChoiceField(label=gettext_lazy("Person"), required=False, coerce=int, empty_value=None)
    rule = forms.ChoiceField(
        label=gettext_lazy("Rule"), choices=[(IN, gettext_lazy("is in")), (NOT_IN, gettext_lazy("is not in"))], initial=IN
    )
    cohort = forms.TypedChoiceField(label=gettext_lazy("Cohort"), required=False, coerce=int, empty_value=None)

    def __init__(self, *args, people, cohorts, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = people
        self.fields["cohort"].choices = cohorts

    def clean(self):
        data = super().clean()
        if not self.errors and (data.get("person") is None) != (data.get("cohort") is None):
            raise ValidationError(_("Choose both a person and a cohort, or neither."))
        return data


class BaseRules(forms.BaseFormSet):
    """All lines. `pins` and `bans` are there once it was found to be valid."""

    def clean(self):
        if any(self.errors):
            return
        self.pins: dict[int, int] = {}
        self.bans: dict[int, list[int]] = defaultdict(list)
        for form in self.forms:
            person, cohort = form.cleaned_data.get("person"), form.cleaned_data.get("cohort")
            if person is None or cohort is None:
                continue
            if form.cleaned_data["rule"] == IN:
                if self.pins.get(person, cohort) != cohort:
                    raise ValidationError(_("%(person)s cannot be in two cohorts."), params={"person": self._name(form, person)})
                self.pins[person] = cohort
            elif cohort not in self.bans[person]:
                self.bans[person].append(cohort)
        for form in self.forms:
            person = form.cleaned_data.get("person")
            if person in self.pins and self.pins[person] in self.bans.get(person, []):
                raise ValidationError(
                    _("%(person)s cannot be in a cohort and not in it."), params={"person": self._name(form, person)}
                )

    @staticmethod
    def _name(form: RuleForm, person: int) -> str:
        return dict(form.fields["person"].choices).get(person, "")


RuleFormSet = forms.formset_factory(RuleForm, formset=BaseRules, extra=EXTRA, max_num=MOST, absolute_max=MOST, validate_max=True)


def rules_form(
    inputs: Inputs, data=None, *, pins: Mapping[int, int] | None = None, bans: Mapping[int, Iterable[int]] | None = None
):
    """The lines for the people and cohorts of `inputs`, filled in with `pins` and `bans` as far as they are still there."""
    named = {pk: one.applicant.get_full_name() for pk, one in inputs.applications.items()}
    people = [("", _("Nobody")), *sorted(named.items(), key=lambda each: each[1].lower())]
    names = {plan.id: inputs.cohorts[plan.id].name for plan in inputs.instance.cohorts}
    cohorts = [("", _("No cohort")), *sorted(names.items(), key=lambda each: each[1].lower())]
    lines = [{"person": pk, "rule": IN, "cohort": cohort} for pk, cohort in (pins or {}).items()]
    lines += [{"person": pk, "rule": NOT_IN, "cohort": cohort} for pk, many in (bans or {}).items() for cohort in many]
    initial = [line for line in lines if line["person"] in inputs.applications and line["cohort"] in names]
    return RuleFormSet(
        data, prefix="rules", initial=None if data is not None else initial, form_kwargs={"people": people, "cohorts": cohorts}
    )
