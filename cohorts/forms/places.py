"""Forms about somebody's place in a cohort. No reason is asked for anywhere: each may be left empty."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cohorts.models import Membership
from cohorts.places import LONGEST_NOTE
from cohorts.role_invitations import known_person

DAY = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "short"})
WHO_READS = _("Read by nobody but the person, those who lead the cohort and the organisers.")


def _note(label, help_text=WHO_READS) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, required=False, max_length=LONGEST_NOTE, widget=forms.Textarea(attrs={"rows": 2})
    )


class RestForm(forms.Form):
    until = forms.DateField(
        label=_("Until which day, that day included?"),
        help_text=_("Leave it empty if you do not know yet."),
        required=False,
        widget=DAY,
    )
    note = _note(_("Anything to say about it?"))


class LeaveForm(forms.Form):
    reason = _note(_("Anything to say about it?"))


class ReturnForm(forms.Form):
    note = _note(_("Anything to say about it?"))


class ExtendForm(forms.Form):
    until = forms.DateField(label=_("Goes on until the end of this day"), widget=DAY)
    note = _note(_("Anything to say about it?"))


class HandOverForm(forms.Form):
    """Who hands over, and the address of who takes over: nobody picks from a list of everybody."""

    leader = forms.ModelChoiceField(label=_("Who hands over?"), queryset=Membership.objects.none(), empty_label=None)
    email = forms.EmailField(
        label=_("Email address of who takes over"),
        max_length=254,
        help_text=_("Of somebody of your sessions. Ask anybody else on the page of the cohort in the admin first."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    note = _note(_("Note"), _("If you like. Read by both of them, by those who lead the cohort and by the organisers."))

    def __init__(self, *args, leaders, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.by = by
        field = self.fields["leader"]
        field.queryset = leaders  # type: ignore[attr-defined]
        field.label_from_instance = lambda row: f"{row.user} ({row.get_role_display()})"  # type: ignore[attr-defined]

    def clean_email(self):
        user = known_person(self.cleaned_data["email"], by=self.by)
        if user is None:
            # The same for an address with an account and one without: organisers do not learn who has one.
            raise forms.ValidationError(
                _("Nobody of your sessions has this address. On the page of the cohort in the admin you can ask them by mail.")
            )
        self.cleaned_data["to"] = user
        return self.cleaned_data["email"]
