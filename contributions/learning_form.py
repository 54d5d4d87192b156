"""The form of an entry of the learning log."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cohorts.forms.checkin import WordsField, saves_itself

from .learning import LONGEST_TEXT, LONGEST_TITLE, linkable, weeks_of
from .models import LearningEntry


class LearningForm(forms.ModelForm):
    """With `save_url` words and choices save themselves; what is shared is decided by the button alone."""

    title = WordsField(label=gettext_lazy("Title"), longest=LONGEST_TITLE, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    text = WordsField(
        label=gettext_lazy("What did you learn?"),
        longest=LONGEST_TEXT,
        help_text=gettext_lazy("In your own words, as you would tell a friend. Markdown works."),
        widget=forms.Textarea(attrs={"rows": 12}),
    )

    class Meta:
        model = LearningEntry
        fields = ["title", "text", "week", "contributions", "shared"]
        labels = {
            "week": gettext_lazy("Week"),
            "contributions": gettext_lazy("What it is about"),
            "shared": gettext_lazy("Share it with my cohort"),
        }
        help_texts = {
            "shared": gettext_lazy("Your cohort and those who lead and organise read it then, and see what you change. Else only you see it."),
        }  # fmt: skip
        widgets = {"contributions": forms.CheckboxSelectMultiple}

    def __init__(self, *args, membership, save_url: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.membership_id is None:
            self.instance.membership = membership
        begun = [week.pk for week in weeks_of(membership)]
        week: Any = self.fields["week"]
        work: Any = self.fields["contributions"]
        week.queryset = membership.cohort.session.calendar.filter(pk__in=[*begun, self.instance.week_id or 0])
        week.empty_label = _("no week")
        week.required = False
        mine = linkable(membership, self.instance if self.instance.pk else None)
        work.queryset = mine
        work.label_from_instance = lambda contribution: contribution.work_item.title
        work.required = False
        for name, field in self.fields.items():
            if save_url and name != "shared":
                saves_itself(field, name, save_url, "version", "entry", while_typing=name in ("title", "text"))

    def clean_title(self):
        return " ".join(self.cleaned_data["title"].split())
