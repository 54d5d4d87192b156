"""The phases of a review on the page of its session."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cohorts.forms.moments import MomentField
from cohorts.models import ReviewPhase, Session
from cohorts.phases import Decisions, Switches, Writing, full_time, lock_phases, obstacles_to_phases, seen_in_words, switches_of

from .introduced import IntroducedFormSet
from .session_inlines import SessionPartInline


class PhaseForm(forms.ModelForm):
    opens_at = MomentField(label=gettext_lazy("Opens"))
    closes_at = MomentField(label=gettext_lazy("Closes"))


class PhaseFormSet(IntroducedFormSet):
    """All phases together: they do not overlap, whoever else changes them at the same time."""

    def clean(self):
        super().clean()
        if any(self.errors):
            return
        kept = [form for form in self.forms if form.cleaned_data and not self._should_delete_form(form)]
        if self.instance.pk is None:
            stored = []
        else:
            # The page is saved in one transaction: from here to its end nobody else changes the phases of this session.
            here = {form.instance.pk for form in self.initial_forms}
            stored = [phase for phase in lock_phases(self.instance) if phase.pk not in here]
        if not self.has_changed() and "applications_close_at" not in self._changed_dates():
            return
        reasons = obstacles_to_phases(self.instance, [*stored, *(form.instance for form in kept)])
        if reasons:
            raise ValidationError(reasons)

    def _changed_dates(self) -> set[str]:
        """Dates of the session that the page moves in the same go."""
        if self.instance.pk is None or not self.forms:
            return set()
        before = type(self.instance).objects.filter(pk=self.instance.pk).values_list("applications_close_at", flat=True).first()
        return {"applications_close_at"} if before != self.instance.applications_close_at else set()

    def introduction(self) -> list[str]:
        """What stands above the phases."""
        return [
            _(
                "Phases change by themselves, to the second. They do not overlap, and the first opens when applications close or later."
            ),
        ]


def review_in_words(session: Session | None) -> str:
    """What stands above the switches of a session's review: what is in force now, and that there can be phases."""
    if session is None or not session.review_phases.exists():
        return _(
            "Without phases, the review is one phase by these switches: it begins when applications close and ends when you close "
            "the review. Add phases further down where people should see more later, such as names or others’ scores."
        )
    return " ".join(
        [in_force_in_words(switches_of(session)), _("The phases further down have switches of their own; these rest.")]
    )


def in_force_in_words(switches: Switches) -> str:
    """Which phase is in force now, for an organiser."""
    match switches.writing:
        case Writing.TOO_EARLY | Writing.BEFORE_FIRST if switches.next_phase:
            words = _("Now in force: none. “%(phase)s” opens on %(time)s; before that reviewers see nothing.")
            return words % {"phase": switches.next_phase, "time": full_time(switches.next_phase.opens_at)}
        case Writing.OPEN if switches.closes_at:
            words = _("Now in force: “%(phase)s”, until %(time)s. %(seen)s")
            line = words % {"phase": switches.phase, "time": full_time(switches.closes_at), "seen": seen_in_words(switches)}
            return " ".join([line, _("Nobody decides yet.")]) if switches.decisions == Decisions.NOBODY else line
        case Writing.BETWEEN if switches.next_phase:
            words = _("Now between phases: nobody writes until “%(phase)s” opens on %(time)s. %(seen)s")
            return words % {
                "phase": switches.next_phase,
                "time": full_time(switches.next_phase.opens_at),
                "seen": seen_in_words(switches),
            }
        case Writing.AFTER_LAST:
            return _("The last phase is over. Close the review when you are ready to publish, or add another phase.")
    return _("The review is closed: no phase opens any more.")


class ReviewPhaseInline(SessionPartInline, admin.StackedInline):
    model = ReviewPhase
    form = PhaseForm
    formset = PhaseFormSet
    fields = ["name", ("opens_at", "closes_at"), "names_hidden", "others_scores", "assigned_only", "decisions"]
    radio_fields = {"others_scores": admin.VERTICAL, "decisions": admin.VERTICAL}
    classes = ["collapse", "introduced"]
    verbose_name_plural = gettext_lazy("phases of the review")
