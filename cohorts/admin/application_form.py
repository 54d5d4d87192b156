"""The organisers' form on the page of an application: what they think, what they decide, which cohort."""

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cohorts.assessing import assess
from cohorts.models import Application
from cohorts.pending import DecisionError, possible_decisions, set_pending_decision
from cohorts.place_checks import checks_for_place
from cohorts.placing import PlacingError, place, placement_of, take_out


class DecisionForm(forms.Form):
    """Saved as a whole or not at all."""

    eligibility = forms.ChoiceField(label=_("Eligibility"), choices=Application.Eligibility.choices)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        required=False,
        help_text=_("Needed where you set something else than eligible. Only organisers read it."),
    )
    tier = forms.IntegerField(label=_("Tier"), required=False, min_value=0, max_value=99, help_text=_("0 is best."))
    decision = forms.ChoiceField(
        label=_("Pending decision"),
        widget=forms.RadioSelect,
        help_text=_("Only organisers see it. The applicant hears of it when you publish."),
    )
    rank = forms.IntegerField(
        label=_("Rank on the waitlist"),
        required=False,
        min_value=1,
        max_value=9999,
        help_text=_("1 is first. For the waitlist only."),
    )
    cohort = forms.ModelChoiceField(label=_("Cohort"), queryset=None, required=False, empty_label=_("No cohort"))

    def __init__(self, *args, application: Application, user, **kwargs):
        self.application, self.user = application, user
        #: The cohort about which the page asks once more, since a place there breaks a rule.
        self.asks_about = None
        self.placement = placement_of(application)
        kwargs.setdefault("initial", self._initial())
        super().__init__(*args, **kwargs)
        self.fields["decision"].choices = [(decision.value, decision.label) for decision in possible_decisions(application)]
        cohorts = application.session.cohorts.select_related("project")
        self.fields["cohort"].queryset = cohorts
        self.fields["cohort"].label_from_instance = lambda cohort: (
            f"{cohort} · {cohort.project}" if cohort.project else str(cohort)
        )
        if self.placement and self.placement.leads:
            self.fields["cohort"].disabled = True
            self.fields["cohort"].help_text = _("This person leads this cohort: change that on the page of the cohort.")

    def _initial(self) -> dict:
        application = self.application
        return {
            "eligibility": application.eligibility,
            "reason": application.eligibility_reason,
            "tier": application.tier,
            "decision": application.pending_decision,
            "rank": application.pending_rank,
            "cohort": self.placement.cohort_id if self.placement else None,
        }

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("rank") and cleaned.get("decision") != Application.Decision.WAITLIST:
            self.add_error("rank", _("A rank goes with the waitlist only."))
        is_by_hand = {"eligibility", "reason"} & set(self.changed_data)
        is_eligible = cleaned.get("eligibility") == Application.Eligibility.ELIGIBLE
        if is_by_hand and not is_eligible and not cleaned.get("reason", "").strip():
            self.add_error("reason", _("Say why, so that the other organisers understand it."))
        self._check_place(cleaned.get("cohort"))
        return cleaned

    def _check_place(self, cohort) -> None:
        """Ask before a place is given that breaks a rule. `anyway` names the cohort, so that a yes is about that one alone."""
        before = self.placement.cohort_id if self.placement else None
        if cohort is None or cohort.pk == before or self.fields["cohort"].disabled:
            return
        broken = checks_for_place(self.application, cohort, by=self.user)
        if broken and self.data.get("anyway") != str(cohort.pk):
            self.asks_about = cohort
            for text in broken:
                self.add_error("cohort", text)

    def save(self) -> bool:
        """Whether it could be saved; where not, the form has the reason as an error and nothing is written."""
        data = self.cleaned_data
        try:
            with transaction.atomic():
                assess(self.application, by=self.user, eligibility=data["eligibility"], reason=data["reason"], tier=data["tier"])
                set_pending_decision(self.application, data["decision"], by=self.user, rank=data["rank"])
                self._place(data["cohort"])
        except (DecisionError, PlacingError) as error:
            self.add_error("cohort" if isinstance(error, PlacingError) else None, str(error))
            return False
        return True

    def _place(self, cohort) -> None:
        before = self.placement.cohort_id if self.placement else None
        if self.placement and self.placement.leads:
            return
        # Where the field still names the place from before, the decision may have given it free: then it stays free.
        if cohort is None:
            if placement_of(self.application) is not None:
                take_out(self.application, by=self.user)
        elif cohort.pk != before:
            place(self.application, cohort, by=self.user)
