"""The rules about who can take part, on the page of their session."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cohorts.eligibility import stored_value, trouble_with
from cohorts.models import EligibilityRule, Question

from .introduced import IntroducedFormSet
from .session_inlines import SessionPartInline


class RuleForm(forms.ModelForm):
    """Refuses what makes no sense for the kind of the question, and stores values the same in every language."""

    def clean(self):
        cleaned = super().clean()
        question, condition = cleaned.get("question"), cleaned.get("condition")
        if question is None or condition is None:
            return cleaned
        # A question may have been retired, or changed, since the rule was made: such a rule stays as it is, and is marked.
        if self.instance.pk and not {"question", "condition", "value"} & set(self.changed_data):
            return cleaned
        rule = EligibilityRule(
            session=self.instance.session, question=question, condition=condition, value=cleaned.get("value", "")
        )
        if question.retired_at is not None:
            self.add_error("question", _("This question is no longer asked. Choose another one."))
            return cleaned
        try:
            cleaned["value"] = stored_value(rule)
        except ValidationError as error:
            self.add_error(None, error)
        return cleaned


class RuleFormSet(IntroducedFormSet):
    def introduction(self) -> list[str]:
        """What stands above the rules."""
        if self.instance.pk is not None and not self.instance.eligibility_rules.exists():
            return [
                _(
                    "Without rules, everybody who submits is eligible. A rule is a condition on an answer: where it holds, the "
                    "application needs a look or is not eligible, and its applicant reads the reason."
                )
            ]
        return [
            _("They are judged when somebody submits. For those who submitted before you changed a rule, use “Apply the rules”."),
            _("“is not” and “does not include” hold as well where nothing was answered."),
        ]

    def add_fields(self, form, index):
        super().add_fields(form, index)
        # One query for all rows: each field has a copy of the list.
        if "question" in form.fields:
            form.fields["question"].choices = self._question_choices

    @property
    def _question_choices(self) -> list[tuple[int | str, str]]:
        if not hasattr(self, "_choices"):
            asked = Question.objects.of_form().filter(session=self.instance)
            questions = asked.order_by("order", "pk") if self.instance.pk else []
            self._choices = [("", "---------"), *((one.pk, _question_label(one)) for one in questions)]
        return self._choices


def _question_label(question: Question) -> str:
    text = f"{question.label} ({question.get_kind_display()})"
    return _("%(question)s, no longer asked") % {"question": text} if question.retired_at else text


class EligibilityRuleInline(SessionPartInline, admin.StackedInline):
    model = EligibilityRule
    form = RuleForm
    formset = RuleFormSet
    fields = [("order", "outcome"), "question", ("condition", "value"), "reason", "works"]
    readonly_fields = ["works"]
    classes = ["collapse", "introduced"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("question", "session")

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        # A question of another session is refused by the field itself.
        formset.form.base_fields["question"].queryset = Question.objects.of_form().filter(session=obj)
        return formset

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "question":
            # The plain list, without links that open windows.
            return db_field.formfield()
        if db_field.name == "reason":
            field.widget = forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField", "maxlength": db_field.max_length})
        return field

    @admin.display(description=gettext_lazy("state"))
    def works(self, rule):
        if rule.pk is None:
            return "–"
        return trouble_with(rule) or _("It is judged.")
