"""To whom people may report a concern: the operator names them for the site, organisers for their session.

What was reported is nowhere in the admin.
"""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cohorts.concerns.contacts import name_contact, remove_contact
from cohorts.models import ConcernContact

from .access import OrganiserAdmin
from .person_by_email import PersonByEmailForm


class ConcernContactForm(PersonByEmailForm):
    """A person by address, among those whose address the one who asks may read: nobody learns here who has an account."""

    #: Set by the admin: who names.
    by = None

    class Meta:
        model = ConcernContact
        fields = ["session", "line", "order", "active"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["person_email"].help_text = _(
            "Of somebody who has a part in a session that you organise. They get a mail, and can take their name off the page."
        )
        if "session" in self.fields and not self.by.is_superuser:
            self.fields["session"].required = True
            self.fields["session"].help_text = _("People who apply, take part or help there can choose this person.")

    def clean_person_email(self):
        email = self.cleaned_data["person_email"]
        if self.instance.pk:
            return email
        user = User.objects.organised_by(self.by).with_email(email).filter(is_active=True).first()
        if user is None:
            raise forms.ValidationError(_("Nobody in your sessions has this address. Give this person a role there first."))
        self.instance.user = user
        return email


@admin.register(ConcernContact)
class ConcernContactAdmin(OrganiserAdmin):
    form = ConcernContactForm
    list_display = ["user", "place", "line", "active", "order"]
    list_filter = ["active", ("session", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["user", "session"]
    ordering = ["session", "order", "pk"]
    fields = ["person_email", "session", "line", "order", "active"]

    def rows_for(self, queryset, user):
        return queryset.managed_by(user)

    def has_add_permission(self, request) -> bool:
        return self.may_browse(request)

    def has_delete_permission(self, request, obj=None) -> bool:
        return self.has_view_permission(request, obj)

    def get_readonly_fields(self, request, obj=None):
        # Another session would be another contact.
        return ["session"] if obj is not None else []

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        form.by = request.user
        return form

    def save_model(self, request, obj, form, change):
        name_contact(obj, by=request.user)

    def delete_model(self, request, obj):
        remove_contact(obj, by=request.user)

    @admin.display(description=_("for"), ordering="session")
    def place(self, contact):
        return contact.session or _("The whole site")
