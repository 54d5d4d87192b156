"""Reporting a concern, and what is written about it later."""

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms.trap import TrapMixin
from cohorts.concerns import people_to_choose
from cohorts.concerns.reading import SHORTEST_REASON
from cohorts.models import Session

READS, NOT_NOW, LEFT_OUT = "reads", "not_now", "left_out"
CHOICES = [
    (READS, _("reads it")),
    (NOT_NOW, _("does not read it")),
    (LEFT_OUT, _("must not hear of it")),
]
NAMED, NAMELESS = "named", "nameless"


def _words(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "dir": "auto", "autocomplete": "off"})


class ConcernForm(TrapMixin):
    """One choice for each contact. `by` is a person or a visitor, who is asked for no name."""

    text = forms.CharField(
        label=_("What happened?"),
        max_length=20000,
        widget=_words(9),
        help_text=_("In your own words, as much or as little as you want. A worry is enough: you do not need proof."),
        error_messages={"required": _("Write a few words, so that somebody can help.")},
    )
    happened = forms.CharField(
        label=_("When and where?"),
        required=False,
        max_length=300,
        help_text=_("Example: in Tuesday's call, and in a chat afterwards."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )
    session = forms.ModelChoiceField(
        label=_("Is it about a session?"),
        queryset=Session.objects.none(),
        required=False,
        empty_label=_("No, or I would rather not say"),
    )
    naming = forms.ChoiceField(
        label=_("Your name"),
        choices=[
            (NAMED, _("Show my name to those who read it. I follow it in my account.")),
            (NAMELESS, _("Send it without my name. I get a link to follow it, which is shown once.")),
        ],
        initial=NAMED,
        widget=forms.RadioSelect,
        help_text=_("Without your name nothing in this site says who sent it. What you write may still tell."),
    )
    reach = forms.CharField(
        label=_("How may we reach you?"),
        required=False,
        max_length=300,
        help_text=_("If you want to be reached in another way than on this site. Nobody writes to you without need."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )
    without_operators = forms.BooleanField(
        label=_("It is about somebody who runs this site: nobody who runs it may open it"),
        required=False,
        help_text=_(
            "Otherwise they can open a report that nobody reads, and only with a reason that you and your readers see. People with access to the server itself could always read its database."
        ),
    )
    key = forms.CharField(widget=forms.HiddenInput(attrs={"autocomplete": "off"}), required=False, max_length=100)

    def __init__(self, *args, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.by = by
        self.people = people_to_choose(by)
        sessions = Session.objects.visible_to(by).filter(archived_at__isnull=True)
        self.fields["session"].queryset = sessions.order_by("-starts_on", "-pk")
        if not by.is_authenticated:
            del self.fields["naming"]
        for person in self.people:
            self.fields[self._name(person)] = forms.ChoiceField(
                label=person.user.get_full_name(),
                choices=CHOICES,
                initial=NOT_NOW,
                required=False,
                widget=forms.RadioSelect,
            )

    @staticmethod
    def _name(person) -> str:
        return f"person-{person.key}"

    @property
    def choosing(self):
        """Each person who can be chosen, with the field."""
        return [(person, self[self._name(person)]) for person in self.people]

    @property
    def is_named(self) -> bool:
        return self.cleaned_data.get("naming") == NAMED

    def people_with(self, choice: str) -> list[int]:
        """Numbers of the people for whom `choice` was made."""
        return [person.user.pk for person in self.people if self.cleaned_data.get(self._name(person)) == choice]

    def clean(self):
        cleaned = super().clean()
        if self.people and not self.people_with(READS):
            self.add_error(None, gettext("Choose at least one person who reads it."))
        return cleaned


class WordsForm(forms.Form):
    """What somebody adds: who reported it, or a reader."""

    text = forms.CharField(label=_("Your words"), max_length=10000, widget=_words(5))


class NoteForm(WordsForm):
    to = forms.ChoiceField(
        label=_("Who reads this?"),
        choices=[("sender", _("The person who reported it, and all readers")), ("readers", _("The other readers only"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose who reads this.")},
    )


class OpenForm(forms.Form):
    reason = forms.CharField(
        label=_("Why do you open it?"),
        min_length=SHORTEST_REASON,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
        help_text=_("Example: two contacts told me that nobody answers, and both who were chosen have left."),
    )
