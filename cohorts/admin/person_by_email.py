"""Naming a person by address: nobody has to pick from a list of everybody, and the list of everybody is shown to nobody."""

from django import forms
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _

from cohorts.role_invitations import invite, known_person, why_not


class PersonByEmailForm(forms.ModelForm):
    """A row about a person. A new row asks for an address; a saved row keeps its person.

    Somebody whom `by` knows already is added at once. Any other address is asked by mail (`address_to_invite`), whether it has an
    account or not: the page says the same in both cases.
    """

    address_to_invite = ""

    person_email = forms.EmailField(
        label=_("Email address"),
        max_length=254,
        help_text=_(
            "People of your sessions are added at once. Any other address gets a mail, and has the part after saying yes."
        ),
        widget=forms.EmailInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )

    def __init__(self, *args, by=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.by = by
        if self.instance.pk:
            self.fields["person_email"].required = False
            self.fields["person_email"].disabled = True
            self.fields["person_email"].initial = self.instance.user.email

    def clean_person_email(self):
        email = self.cleaned_data["person_email"]
        if self.instance.pk:
            return email
        user = known_person(email, by=self.by) if self.by is not None else None
        if user is None:
            self.address_to_invite = email
        else:
            # Set before the model is validated, so that “this person has this role already” is found.
            self.instance.user = user
        return email

    def clean(self):
        cleaned = super().clean()
        if self.instance.user_id:
            # Rows of one page are compared with each other by this: without it two people look like one person twice.
            cleaned["user"] = self.instance.user
        return cleaned

    def _get_validation_exclusions(self):
        # `user` is not a field of the form, but it is set above: constraints that name it are checked.
        return super()._get_validation_exclusions() - {"user"} if self.instance.user_id else super()._get_validation_exclusions()


class PeopleByEmailFormSet(BaseInlineFormSet):
    """Rows about people of a session: those whom nobody knows yet become invitations. `by` is set by `PeopleByEmailInline`."""

    by = None

    def get_form_kwargs(self, index):
        return super().get_form_kwargs(index) | {"by": self.by}

    def clean(self):
        super().clean()
        inviting = [form for form in self.extra_forms if form.address_to_invite and not self._should_delete_form(form)]
        reason = why_not(self.session_of(), more=len(inviting)) if inviting else ""
        if reason:
            raise forms.ValidationError(reason)

    def session_of(self):
        """The session that the rows are about."""
        return self.instance

    def save_new(self, form, commit=True):
        if not form.address_to_invite:
            return super().save_new(form, commit)
        return self.invite(form)

    def invite(self, form):
        given = form.cleaned_data
        return invite(
            self.session_of(),
            given["role"],
            form.address_to_invite,
            by=self.by,
            reads_accommodations=bool(given.get("reads_accommodations")),
        )


class PeopleByEmailInline:
    """Tells the rows who edits them."""

    def get_formset(self, request, obj=None, **kwargs):
        # Made anew for each request.
        formset = super().get_formset(request, obj, **kwargs)
        formset.by = request.user
        return formset
