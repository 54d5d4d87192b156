"""Forms of the pages about work."""

import json

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .kinds import guess_kind
from .links import LinkError
from .models import Contribution, WorkItem
from .statements import FIELDS, WORDS
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

    def take_focus(self) -> None:
        """Have the page begin where something is wrong, or at what it asks now: the form is one of many things on it."""
        wrong = [name for name in self.field_order if name in self.errors]
        for name in wrong[:1] or (["other_kind"] if self.asks == "details" else []):
            self.fields[name].widget.attrs["autofocus"] = True


AI_USE = [("", _("I have not said")), *Contribution.AIUse.choices]


class StatementForm(forms.ModelForm):
    """What the member says about a piece of work. With `save_url` each field saves itself as it is left."""

    ai_use = forms.ChoiceField(label=_("Did AI help you?"), choices=AI_USE, required=False, widget=forms.RadioSelect)

    class Meta:
        model = Contribution
        fields = FIELDS
        labels = {"own_words": _("In your own words"), "ai_disclosure": _("How it helped"), "note": _("Note")}
        help_texts = {
            "own_words": _("What does it change, and why? Two sentences that you could say aloud to a maintainer."),
            "ai_disclosure": _("One sentence. If the project asks for it, write the same into the pull request."),
            "note": _("Anything your cohort should know: where you are, what you need."),
        }
        widgets = {name: forms.Textarea(attrs={"rows": 3}) for name in WORDS}

    def __init__(self, *args, save_url: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["ai_use"].help_text = _("“No” is a good answer too. It is not judged here.")
        if self.instance.work_item.kind != WorkItem.Kind.PULL_REQUEST:
            self.fields["own_words"].help_text = _("What is it about, and why does it matter? Two sentences are enough.")
        for name, field in self.fields.items() if save_url else ():
            field.widget.attrs |= {
                "hx-post": save_url,
                # Left, or paused: who writes long must not lose it to a closed tab.
                "hx-trigger": "change" if name == "ai_use" else "change, input changed delay:2s",
                "hx-params": f"{name},seen,field",
                "hx-vals": json.dumps({"field": name}),
            }

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("ai_use") == Contribution.AIUse.ASSISTED and not cleaned.get("ai_disclosure", "x").strip():
            self.add_error("ai_disclosure", _("Say in a sentence how AI helped."))
        return cleaned


class PartForm(forms.Form):
    """The member's part in a piece of work."""

    role = forms.ChoiceField(label=_("Your part"), choices=Contribution.Role.choices)


class PartnerForm(forms.Form):
    """Another member of the cohort with whom a pull request was made."""

    partner = forms.ModelChoiceField(label=_("Who was it?"), queryset=None, empty_label=_("Choose"))

    def __init__(self, *args, partners, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["partner"].queryset = partners
        self.fields["partner"].label_from_instance = lambda membership: str(membership.user)
