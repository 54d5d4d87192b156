"""Testimonials, read by an organiser before anybody else; and who would like to do more next time."""

import datetime

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.html import linebreaks
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from cohorts.models import Testimonial
from cohorts.testimonials import LONGEST_NOTE, State, TestimonialError, decline, publish

from .access import OrganiserAdmin

DECISIONS = [("publish", _("Publish it")), ("decline", _("Do not publish it"))]


class DecisionForm(forms.ModelForm):
    decision = forms.ChoiceField(label=_("What becomes of it?"), choices=DECISIONS, widget=forms.RadioSelect)
    moderation_note = forms.CharField(
        label=_("Note to the author"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
        help_text=_("Read by the author beside the testimonial. For example why it is not published."),
    )
    #: Which words were read: others are not published unread.
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    #: Set by the admin: who decides.
    by = None

    class Meta:
        model = Testimonial
        fields = ["moderation_note"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["seen"].initial = self.instance.updated_at.isoformat() if self.instance.pk else ""
        if self.instance.state in (State.PUBLISHED, State.DECLINED):
            self.fields["decision"].initial = "publish" if self.instance.state == State.PUBLISHED else "decline"

    def clean_seen(self):
        try:
            return datetime.datetime.fromisoformat(self.cleaned_data["seen"])
        except ValueError:
            raise ValidationError(_("Load the page again.")) from None

    def clean(self):
        cleaned = super().clean()
        if self.errors:
            return cleaned
        act = publish if cleaned["decision"] == "publish" else decline
        try:
            self.decided = act(self.instance, by=self.by, seen=cleaned["seen"], note=cleaned["moderation_note"])
        except TestimonialError as error:
            raise ValidationError(str(error)) from None
        return cleaned


@admin.register(Testimonial)
class TestimonialAdmin(OrganiserAdmin):
    form = DecisionForm
    list_display = ["beginning", "session", "author", "state", "created_at"]
    list_filter = ["state", ("session", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["session", "author"]
    ordering = ["-state", "-created_at"]
    fields = ["session", "author", "words", "signed", "state", "decision", "moderation_note", "seen"]
    readonly_fields = ["session", "author", "words", "signed", "state"]

    def rows_for(self, queryset, user):
        """Not what was taken back: that is nobody's to read any more."""
        return super().rows_for(queryset, user).exclude(state=State.WITHDRAWN)

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        form.by = request.user
        return form

    def save_model(self, request, obj, form, change):
        """The form decided already, under the lock of the row."""
        if not change:
            raise PermissionDenied
        obj.refresh_from_db()

    @admin.display(description=_("text"))
    def beginning(self, testimonial):
        return testimonial.text if len(testimonial.text) < 90 else f"{testimonial.text[:90]}…"

    @admin.display(description=_("text"))
    def words(self, testimonial):
        return mark_safe(linebreaks(testimonial.text, autoescape=True))  # noqa: S308 (escaped in the same call)
