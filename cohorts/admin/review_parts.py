"""Assignments and conflicts of interest, for organisers."""

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cohorts.models import Application, Conflict, Membership, ReviewAssignment, Session, SessionRole, access

from .access import OrganiserAdmin, part_of


class ReviewPartAdmin(OrganiserAdmin):
    session_path = "application__session"
    list_display = ["application", "session", "reviewer"]
    list_filter = [("application__session", admin.RelatedOnlyFieldListFilter), ("reviewer", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["application__session", "reviewer"]

    def rows_for(self, queryset, user):
        """Of the sessions one organises."""
        return super().rows_for(queryset.visible_to(user), user)

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return self.has_view_permission(request, obj)

    @admin.display(description=_("session"), ordering="application__session")
    def session(self, part):
        return part.application.session


class AssignmentForm(forms.ModelForm):
    """Asks only people who may review the application."""

    def clean(self):
        cleaned = super().clean()
        application, reviewer = cleaned.get("application"), cleaned.get("reviewer")
        if application and reviewer:
            reviews = Session.objects.reviewed_by(reviewer).filter(pk=application.session_id).exists()
            conflict = Conflict.objects.filter(application=application, reviewer=reviewer).exists()
            if not reviews:
                self.add_error("reviewer", _("This person does not review in the session of this application."))
            elif conflict or application.applicant_id == reviewer.pk:
                self.add_error("reviewer", _("This person cannot review this application: choose somebody else."))
        return cleaned


@admin.register(ReviewAssignment)
class ReviewAssignmentAdmin(ReviewPartAdmin):
    form = AssignmentForm
    list_display = ["application", "session", "reviewer", "assigned_at"]
    fields = ["application", "reviewer"]

    def has_add_permission(self, request) -> bool:
        return part_of(request).organises

    def get_field_queryset(self, db, db_field, request):
        organised = Session.objects.organised_by(request.user).values("pk")
        if db_field.name == "application":
            applications = Application.objects.organised_by(request.user).filter(status__in=Application.UNDER_REVIEW)
            return applications.filter(session__in=organised).order_by("session", "pk")
        roles = SessionRole.objects.filter(session__in=organised, role__in=access.REVIEWING).values("user")
        navigators = Membership.objects.filter(cohort__session__in=organised, role="navigator").present().values("user")
        return User.objects.filter(Q(pk__in=roles) | Q(pk__in=navigators))


@admin.register(Conflict)
class ConflictAdmin(ReviewPartAdmin):
    """Declared by reviewers on the page of a review; organisers see them, and may delete one that was a mistake."""

    list_display = ["application", "session", "reviewer", "reason", "declared_at"]
