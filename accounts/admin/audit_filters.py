"""By what the audit log is narrowed."""

import datetime

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import people_registry
from accounts.audit.actions import actions
from accounts.audit.reading import WITHOUT_LOG_INS, Wanted, people_named


class AuditFilterForm(forms.Form):
    """Read from the address: a link to a narrowed list can be kept."""

    who = forms.CharField(label=_("Person"), required=False, max_length=200)
    part = forms.ChoiceField(
        label=_("Who"),
        required=False,
        choices=[("", _("did it, or it was done to them")), ("by", _("did it")), ("to", _("it was done to them"))],
    )
    action = forms.ChoiceField(label=_("What"), required=False)
    scope = forms.ChoiceField(label=_("Session"), required=False)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    until = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, *args, viewer, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        self.viewer = viewer
        self.scopes = scopes_of(viewer)
        named = sorted(((key, str(one.label)) for key, one in actions().items()), key=lambda pair: pair[1])
        self.fields["action"].choices = [("", _("Everything")), (WITHOUT_LOG_INS, _("Everything but log-ins")), *named]
        self.fields["scope"].choices = [("", _("All")), *((str(key), name) for key, name in self.scopes.items())]

    def clean(self):
        cleaned = super().clean()
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", _("This day is before the first one."))
        return cleaned

    def wanted(self) -> Wanted:
        """What was asked for; only after the form was found valid. Days are whole days in the reader's zone."""
        told = self.cleaned_data
        scopes = None if self.viewer.is_superuser else list(self.scopes)
        if told["scope"]:
            scopes = [int(told["scope"])]
        return Wanted(
            people=people_named(told["who"], viewer=self.viewer) if told["who"] else None,
            part=told["part"],
            action=told["action"],
            scopes=scopes,
            since=_begin(told["since"]),
            before=_begin(told["until"], days=1),
        )


def scopes_of(viewer) -> dict[int, str]:
    """The sessions whose lines `viewer` reads, by number, the newest first."""
    found = {row.pk: str(row) for source in people_registry.audit_scopes for row in source(viewer)}
    return dict(sorted(found.items(), reverse=True))


def _begin(day: datetime.date | None, days: int = 0) -> datetime.datetime | None:
    if day is None:
        return None
    try:
        return timezone.make_aware(datetime.datetime.combine(day + datetime.timedelta(days=days), datetime.time()))
    except OverflowError:
        return None
