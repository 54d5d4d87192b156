"""By what the outbox is narrowed. No choice reads the table: with 100,000 messages the list must still come at once."""

import datetime

from django.contrib import admin
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import log_in_mail, people_registry
from accounts.mail_kinds import kinds
from accounts.models import Message
from accounts.outbox import NEEDS_SOMEBODY

from .message_words import kind_in_words


class NeedsSomebody(admin.SimpleListFilter):
    title = _("needs somebody")
    parameter_name = "needs"

    def lookups(self, request, model_admin):
        return [("somebody", _("Yes: could not be sent, or unsure"))]

    def queryset(self, request, queryset):
        return queryset.filter(state__in=NEEDS_SOMEBODY) if self.value() == "somebody" else queryset


class StateFilter(admin.SimpleListFilter):
    """What the mail server said, and below it what the provider told later."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request, model_admin):
        fates = [(f"fate-{fate.value}", fate.label) for fate in Message.Fate]
        return [*Message.State.choices, *fates]

    def queryset(self, request, queryset):
        value = self.value() or ""
        if value in Message.State.values:
            return queryset.filter(state=value)
        fate = value.removeprefix("fate-")
        return queryset.filter(fate=fate) if value.startswith("fate-") and fate in Message.Fate.values else queryset


class KindFilter(admin.SimpleListFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request, model_admin):
        chosen = request.GET.get(self.parameter_name)
        # Of mail about log-ins, whoever does not operate the site sees no more than the own: these kinds would be noise.
        listed = (kind.name for kind in kinds() if request.user.is_superuser or kind.name not in log_in_mail.KINDS)
        names = {*listed, *([chosen] if chosen else [])}
        return sorted(((name, kind_in_words(name)) for name in names), key=lambda pair: pair[1].lower())

    def queryset(self, request, queryset):
        return queryset.filter(kind=self.value()) if self.value() else queryset


class GroupFilter(admin.SimpleListFilter):
    """Sessions, as the app that knows of them registered them."""

    title = _("session")
    parameter_name = "group"

    def __init__(self, request, params, model, model_admin):
        self.groups = {group.key: group for source in people_registry.message_groups for group in source(request.user)}
        super().__init__(request, params, model, model_admin)

    def lookups(self, request, model_admin):
        return [(group.key, group.label) for group in self.groups.values()]

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        group = self.groups.get(self.value())
        # Of a session of others, or one that is no more: nothing, instead of everything.
        return queryset.filter(group.messages() if group else Q(pk__in=[]))


class AgeFilter(admin.SimpleListFilter):
    title = _("age")
    parameter_name = "age"
    DAYS = {"day": 1, "week": 7, "month": 30}

    def lookups(self, request, model_admin):
        return [
            ("day", _("written in the last 24 hours")),
            ("week", _("in the last 7 days")),
            ("month", _("in the last 30 days")),
            ("older", _("more than 30 days ago")),
        ]

    def queryset(self, request, queryset):
        now = timezone.now()
        if self.value() in self.DAYS:
            return queryset.filter(created_at__gte=now - datetime.timedelta(days=self.DAYS[self.value()]))
        return queryset.filter(created_at__lt=now - datetime.timedelta(days=30)) if self.value() == "older" else queryset
