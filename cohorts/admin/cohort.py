"""Cohorts with those who lead them; members come and go through their applications."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from cohorts.models import Application, Cohort, Membership, MembershipEvent
from cohorts.place_checks import warnings_of_cohort
from cohorts.place_history import note_change
from cohorts.placing import TAKING_A_PLACE
from cohorts.role_invitations import asked_for_another, invite
from cohorts.volunteer_decisions import without_a_place

from .access import OrganiserAdmin, part_of
from .person_by_email import PeopleByEmailFormSet, PeopleByEmailInline, PersonByEmailForm
from .session_inlines import SessionPartInline

What = MembershipEvent.What
#: What an organiser chooses here; resting and completing come about elsewhere.
CHOSEN_STATES = [(state.value, state.label) for state in (Membership.State.ACTIVE, Membership.State.LEFT)]


#: The list of addresses that the browser offers: of people who are accepted and lead no cohort yet.
ACCEPTED_LIST = "accepted-volunteers"


class LeaderForm(PersonByEmailForm):
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[choice for choice in Membership.Role.choices if choice[0] != Membership.Role.MEMBER],
    )
    state = forms.ChoiceField(
        label=_("State"),
        choices=CHOSEN_STATES,
        initial=Membership.State.ACTIVE,
    )

    def __init__(self, *args, session: int | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.session = session
        self.fields["person_email"].widget.attrs["list"] = ACCEPTED_LIST
        self.state_before = self.instance.state if self.instance.pk else None
        if self.state_before not in (None, *dict(CHOSEN_STATES)):
            # Who rests, or completed the session, stays so unless somebody says otherwise.
            self.fields["state"].choices = [(self.state_before, self.instance.get_state_display()), *CHOSEN_STATES]

    def clean_person_email(self):
        email = super().clean_person_email()
        if self.address_to_invite and self.session is not None:
            elsewhere = asked_for_another(email, session=self.session, cohort=self.instance.cohort_id)
            if elsewhere:
                raise ValidationError(elsewhere)
        if self.instance.pk is None and self.session is not None and self.by is not None:
            waits = Application.objects.filter(session=self.session, applicant=self.instance.user_id)
            waits = waits.filter(status__in=Application.UNDER_REVIEW)
            if waits.exclude(pk__in=Application.objects.decided_by(self.by).values("pk")).exists():
                # Whatever is noted about them: any other answer, such as that they are in a cohort already, would tell of it.
                self.instance.user_id = None
                raise ValidationError(_("This person applied, and another organiser decides about them: ask that one."))
        return email

    def clean(self):
        cleaned = super().clean()
        # The form itself leaves the state as it is: it is written with its event once the row is saved.
        self.wanted_state = cleaned.pop("state", None)
        return cleaned

    def note_state(self) -> None:
        """Write the state that was chosen, with the event that tells of it. After the row was saved."""
        if self.state_before is None:
            note_change(self.instance, What.JOINED, by=self.by)
        if self.wanted_state and self.wanted_state != (self.state_before or Membership.State.ACTIVE):
            note_change(self.instance, _change_between(self.state_before, self.wanted_state), by=self.by)


def _change_between(before: str | None, after: str) -> str:
    if after == Membership.State.LEFT:
        return What.LEFT
    return What.BACK if before == Membership.State.RESTING else What.RETURNED


class LeaderFormSet(PeopleByEmailFormSet):
    """One person has one cohort in a session."""

    def session_of(self):
        return self.instance.session

    def save_new(self, form, commit=True):
        saved = super().save_new(form, commit)
        if commit and not form.address_to_invite:
            form.note_state()
        return saved

    def invite(self, form):
        return invite(self.session_of(), form.cleaned_data["role"], form.address_to_invite, by=self.by, cohort=self.instance)

    def save_existing(self, form, obj, commit=True):
        saved = super().save_existing(form, obj, commit)
        if commit:
            form.note_state()
            if "role" in form.changed_data:
                self._note(saved, "role")
        return saved

    def delete_existing(self, obj, commit=True):
        if commit:
            self._note(obj, "deleted")
        super().delete_existing(obj, commit)

    def _note(self, membership: Membership, what: str) -> None:
        """Write into the audit log what leaves no event: another role, and a place that is gone."""
        by, scope = getattr(self.instance, "looked_at_by", None), self.instance.session_id
        told = {"what": what, "role": membership.role}
        record("place.changed", by=by, to=membership.user_id, about=membership, scope=scope, details=told)

    def get_form_kwargs(self, index):
        return super().get_form_kwargs(index) | {"session": self.instance.session_id}

    def clean(self):
        super().clean()
        for form in self.forms:
            user_id = form.instance.user_id
            if not user_id or form.instance.pk or self._should_delete_form(form) or form.errors:
                continue
            elsewhere = (
                Membership.objects.filter(cohort__session=self.instance.session_id, user=user_id)
                .exclude(cohort=self.instance.pk)
                .exclude(state=Membership.State.LEFT)
                .select_related("user", "cohort")
                .first()
            )
            if elsewhere:
                raise ValidationError(
                    _("%(person)s is %(role)s of %(cohort)s, and one person has one cohort in a session."),
                    params={
                        "person": elsewhere.user,
                        "role": elsewhere.get_role_display().lower(),
                        "cohort": elsewhere.cohort,
                    },
                )


class LeaderInline(PeopleByEmailInline, SessionPartInline, admin.StackedInline):
    model = Membership
    form = LeaderForm
    formset = LeaderFormSet
    fields = [("person_email", "role", "state")]
    verbose_name = _("navigator or captain")
    verbose_name_plural = _("navigators and captain")

    def get_queryset(self, request):
        return super().get_queryset(request).exclude(role=Membership.Role.MEMBER).select_related("user", "cohort")

    def has_delete_permission(self, request, obj=None) -> bool:
        """Only while everything is still a plan; afterwards somebody who goes is marked as having left."""
        return obj is None or obj.session.published_at is None


class MemberInline(SessionPartInline, admin.StackedInline):
    """Read-only: places are given and taken on the page of each application, where the rules are checked."""

    model = Membership
    fields = [("state", "joined_at"), ("left_at", "leaving_reason")]
    readonly_fields = ["state", "joined_at", "left_at", "leaving_reason"]
    verbose_name_plural = _("members (give places on the pages of the applications)")

    def get_fields(self, request, obj=None):
        """A reason for leaving is read by those who lead and organise; the operator is neither."""
        reads = obj is not None and Cohort.objects.cared_for_by(request.user).filter(pk=obj.pk).exists()
        return self.fields if reads else [("state", "joined_at"), "left_at"]

    def get_queryset(self, request):
        return super().get_queryset(request).members().without_secret_places(request.user).select_related("user", "cohort")

    def has_add_permission(self, request, obj) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


@admin.register(Cohort)
class CohortAdmin(OrganiserAdmin):
    list_display = ["name", "session", "project", "members", "navigators", "captains"]
    list_filter = [("session", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["session", "project"]
    search_fields = ["name"]
    fields = ["session", "name", "project"]

    def get_queryset(self, request):
        taking = Q(memberships__state__in=TAKING_A_PLACE)
        # An organiser who applied does not learn of a place that is kept by counting.
        told = Q(memberships__role="member") & (~Q(memberships__state="invited") | ~Q(memberships__user=request.user))
        return (
            super()
            .get_queryset(request)
            .annotate(
                member_count=Count("memberships", filter=taking & told),
                navigator_count=Count("memberships", filter=taking & Q(memberships__role="navigator")),
                captain_count=Count("memberships", filter=taking & Q(memberships__role="captain")),
            )
        )

    def get_inlines(self, request, obj):
        return [LeaderInline, MemberInline] if obj is not None else []

    def get_fields(self, request, obj=None):
        if obj is None:
            return self.fields
        # Kept for the field, which has no request.
        obj.looked_at_by = request.user
        return [*self.fields, "rules", "waiting_for_a_place"]

    def get_readonly_fields(self, request, obj=None):
        return ["session", "rules", "waiting_for_a_place"] if obj is not None else []

    def has_add_permission(self, request) -> bool:
        return part_of(request).organises

    def has_delete_permission(self, request, obj=None) -> bool:
        return self.has_view_permission(request, obj) and obj is not None and not obj.memberships.exists()

    @admin.display(description=_("rules that do not hold"))
    def rules(self, cohort):
        broken = warnings_of_cohort(cohort, by=cohort.looked_at_by)
        if not broken:
            return _("None: all that can be judged hold.")
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((text,) for text in broken)))

    @admin.display(description=_("accepted, without a cohort"))
    def waiting_for_a_place(self, cohort):
        """Accepted navigators and captains, with the addresses that the browser offers in the fields below."""
        people = without_a_place(cohort.session)
        if not people:
            return _("Nobody: all who are accepted lead a cohort.")
        lines = format_html_join(
            "",
            '<li><a href="{}">{}</a> ({})</li>',
            (
                (reverse("admin:cohorts_session_volunteer", args=[cohort.session_id, one.pk]), one.user, one.get_role_display())
                for one in people
            ),
        )
        options = format_html_join("", '<option value="{}">{}</option>', ((one.user.email, str(one.user)) for one in people))
        return format_html('<ul>{}</ul><datalist id="{}">{}</datalist>', lines, ACCEPTED_LIST, options)

    @admin.display(description=_("members"), ordering="member_count")
    def members(self, cohort):
        return cohort.member_count

    @admin.display(description=_("navigators"), ordering="navigator_count")
    def navigators(self, cohort):
        return cohort.navigator_count

    @admin.display(description=_("captains"), ordering="captain_count")
    def captains(self, cohort):
        return cohort.captain_count
