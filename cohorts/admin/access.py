"""Who may do what in the admin, asked once a request, and the base of this app's lists."""

from dataclasses import dataclass

from django import forms
from django.db import models

from accounts.admin.visible_to import VisibleToAdmin
from cohorts.models import Session
from cohorts.roles import organises_any

#: For `formfield_overrides`: the browser's own field for a day. The admin's would say something about time zones beside it.
DATES = {models.DateField: {"widget": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})}}


@dataclass(frozen=True)
class Part:
    """Which part a person has in the admin."""

    organises: bool
    reviews: bool


def part_of(request) -> Part:
    """The part of the person who asks; two queries, once a request."""
    if not hasattr(request, "_admin_part"):
        user = request.user
        request._admin_part = Part(organises=organises_any(user), reviews=Session.objects.reviewed_by(user).exists())
    return request._admin_part


class OrganiserAdmin(VisibleToAdmin):
    """Lists for organisers: rows of the sessions that they organise. The operator sees all of them."""

    history_for_all = True
    #: Where the session of a row is found, as Django writes paths ("session", "cohort__session"); empty for sessions themselves.
    session_path = "session"

    def may_browse(self, request) -> bool:
        return part_of(request).organises

    def rows_for(self, queryset, user):
        organised = Session.objects.organised_by(user)
        return queryset.filter(**{f"{self.session_path}__in": organised.values("pk")})

    def has_change_permission(self, request, obj=None) -> bool:
        return self.has_view_permission(request, obj)

    def get_field_queryset(self, db, db_field, request):
        queryset = super().get_field_queryset(db, db_field, request)
        if queryset.model is Session:
            return queryset.filter(pk__in=Session.objects.organised_by(request.user).values("pk"))
        return queryset
