"""Forms of the pages about work."""

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import Contribution
from .statements import FIELDS


class TrackForm(forms.Form):
    """A pasted link. What it means is read by `contributions.links`; here only the limits of the fields are checked."""

    # Text, not URLField: people paste addresses without “https://”, and the answer to a bad one names the good ones.
    url = forms.CharField(
        label=_("Link"),
        max_length=500,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "placeholder": "https://"}),
        help_text=_("An issue, a pull request, a ticket, a talk, a post."),
    )
    title = forms.CharField(
        label=_("Title"), max_length=300, required=False, help_text=_("Only for a talk, a post or other work.")
    )


class StatementForm(forms.ModelForm):
    """What the member says about a piece of work."""

    class Meta:
        model = Contribution
        fields = FIELDS
        labels = {
            "own_words": _("In your own words"),
            "ai_disclosure": _("How you used AI"),
            "note": _("Note"),
        }
        help_texts = {
            "own_words": _("What does it change, and why? Two sentences that you could say aloud to a maintainer."),
            "ai_disclosure": _("“Not at all” is an answer too. If the project asks for it, say it in the pull request as well."),
            "note": _("Anything your cohort should know: where you are, what you need."),
        }
        widgets = {name: forms.Textarea(attrs={"rows": 3}) for name in FIELDS}
