"""Forms of the pages about work."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .kinds import guess_kind
from .links import LinkError
from .models import Contribution, WorkItem
from .statements import FIELDS
from .sync.pasted import PARTS, read_link


class OtherWorkForm(forms.Form):
    """What a piece of other work is. The rules stand in `contributions.by_hand`."""

    other_kind = forms.ChoiceField(
        label=_("What it is"), choices=[("", _("Choose")), *WorkItem.OtherKind.choices], required=False
    )
    # No `maxlength`: a browser would cut what is pasted without a word.
    title = forms.CharField(label=_("Title"), required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    on = forms.DateField(label=_("When"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))

    def __init__(self, *args, membership, **kwargs):
        super().__init__(*args, **kwargs)
        self.membership = membership
        today = timezone.localdate(timezone=membership.user.zone)
        self.fields["on"].initial = today
        self.fields["on"].widget.attrs["max"] = today.isoformat()


class TrackForm(OtherWorkForm):
    """A pasted link, which is read by `contributions.links`; where that tells nothing, what it leads to.

    What a link leads to is asked in a second step, and only where nobody can tell: `asks` says what the form shows now.
    """

    # Text, not URLField: people paste addresses without “https://”, and the answer to a bad one names the good ones.
    url = forms.CharField(
        label=_("Link"),
        required=False,
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "placeholder": "https://", "spellcheck": "false"}
        ),
        help_text=_("An issue, a pull request, a ticket, a talk, a post."),
    )
    role = forms.ChoiceField(
        label=_("Your part"),
        choices=[("", _("I opened it, or it is not clear yet")), *((role.value, role.label) for role in PARTS)],
        required=False,
    )
    #: What the form showed when it was sent.
    asked = forms.ChoiceField(choices=[("", ""), ("part", ""), ("details", "")], required=False, widget=forms.HiddenInput)
    #: The kind that was proposed, to see whether somebody chose another.
    guessed = forms.ChoiceField(choices=[("", ""), *WorkItem.OtherKind.choices], required=False, widget=forms.HiddenInput)
    field_order = ["url", "other_kind", "title", "on", "role"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, auto_id="track_%s", **kwargs)
        # Whatever was typed stays in sight.
        self.asks = "details" if self.data.get("asked") == "details" or self.data.get("title") else ""
        self.host = ""
        self.without_link = self.is_asked_first = False

    def clean(self):
        cleaned = super().clean()
        self.without_link = not cleaned.get("url")
        if self.without_link:
            if "without" in self.data or self.asks:
                self._ask_details("")
            else:
                self.add_error("url", _("Paste a link, or add work that has none."))
            return cleaned
        try:
            link = read_link(self.membership, cleaned["url"])
        except LinkError as error:
            self.add_error("url", str(error))
            return cleaned
        if link.kind == WorkItem.Kind.OTHER:
            self.host = link.host
            self._ask_details(guess_kind(link.url))
        else:
            self.asks = "part" if link.is_github else ""
            self.data = self.data.copy()
            self.data["asked"], self.data["guessed"] = self.asks, ""
        return cleaned

    def _ask_details(self, guess: str) -> None:
        """Ask what it is, and propose a kind where nobody chose one."""
        self.is_asked_first = self.data.get("asked") != "details"
        self.asks = "details"
        data = self.data.copy()
        if not data.get("other_kind") or data.get("other_kind") == data.get("guessed"):
            data["other_kind"] = data["guessed"] = guess
        if self.is_asked_first and not data.get("on"):
            data["on"] = self.fields["on"].initial.isoformat()
        data["asked"] = "details"
        self.data = data

    @property
    def lacks_details(self) -> bool:
        """Whether the person has to be asked what it is before anything can be tracked."""
        return (
            self.asks == "details"
            and self.is_asked_first
            and not (self.data.get("title") and self.cleaned_data.get("other_kind"))
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
