"""What `cohorts` writes into the audit log, and who reads the lines of a session.

Roles are written in many places (the admin, offers to help, moving in): they are noted where the rows are saved.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models.signals import post_delete, post_save, pre_save
from django.utils.translation import gettext_lazy as _

from accounts import people_registry
from accounts.audit import record, register_action
from accounts.audit.acting import acting
from accounts.audit.words import register_words

from .models import (
    Application,
    Cohort,
    Criterion,
    EligibilityRule,
    Membership,
    MembershipEvent,
    Question,
    ReviewPhase,
    Session,
    SessionRole,
    TrainingTask,
    Week,
)

#: The fields of a session whose change others may ask about later.
THAT_MATTER = {
    "name", "slug", "contact_email", "projects", "time_zone", "starts_on", "weeks", "has_week_zero", "pause_after", "pause_weeks",
    "applications_open_at", "applications_close_at", "hear_by", "reply_days", "cohort_size_min", "cohort_size_max",
    "min_cohort_overlap_hours", "min_captain_overlap_hours", "offers_free_places", "review_names_hidden", "reviews_each",
    "review_assigned_only", "review_others_scores", "takes_navigators", "takes_captains", "takes_organisers",
}  # fmt: skip

#: What organisers edit on the page of a session besides its fields.
_PARTS = (Question, EligibilityRule, Criterion, ReviewPhase, Cohort, Week, TrainingTask)

#: What can be taken along, by the word of `exported`.
EXPORTED = {
    "applications": _("applications"),
    "ranking": _("ranking"),
    "scores to fill in": _("applications, to fill in scores"),
    "reviews": _("reviews"),
    "own reviews": _("own reviews"),
    "feedback": _("feedback"),
    "figures": _("figures, with names"),
}

#: The stamp of a session that a step by hand writes, and what it is called then: when it is set, and when it is taken back.
STEPS = {
    "announced_at": ("session.announced", "session.changed"),
    "review_closed_at": ("session.review_closed", "session.review_reopened"),
    "archived_at": ("session.archived", "session.changed"),
}


def register() -> None:
    for key, label in (
        ("session.created", _("Set up a session")),
        ("session.changed", _("Changed a session")),
        ("session.deleted", _("Deleted a session")),
        ("session.announced", _("Announced a session")),
        ("session.review_closed", _("Closed the review")),
        ("session.review_reopened", _("Opened the review again")),
        ("session.archived", _("Archived a session")),
        ("role.given", _("Gave a role in a session")),
        ("role.changed", _("Changed a role in a session")),
        ("role.taken", _("Took a role in a session away")),
        ("place.changed", _("Changed a place in a cohort")),
        ("application.moved", _("Changed the state of an application")),
        ("decision.noted", _("Noted a decision")),
        ("decisions.noted", _("Noted many decisions")),
        ("decisions.taken_back", _("Took noted decisions back")),
        ("decisions.published", _("Published decisions")),
        ("scores.imported", _("Imported scores")),
        ("accommodation.read", _("Read what would help people take part")),
        ("file.opened", _("Opened a file of an application")),
    ):
        register_action(key, label)
    register_words("role", _("role"), dict([*SessionRole.Role.choices, *Membership.Role.choices]))
    register_words("before", _("before"), dict(SessionRole.Role.choices))
    register_words("reads_accommodations", _("reads what would help people take part"))
    register_words(
        "fields", _("changed"), {one.name: one.verbose_name for one in (*Session._meta.fields, *Session._meta.many_to_many)}
    )
    register_words("parts", _("parts"), {model._meta.model_name: model._meta.verbose_name_plural for model in _PARTS})
    register_words("from", _("from"), dict(Application.Status.choices))
    register_words("to", _("to"), dict(Application.Status.choices))
    for status in (Application.Status.OFFERED, Application.Status.WAITLISTED, Application.Status.NOT_SELECTED):
        register_words(str(status), status.label)
    register_words("applications", _("applications"))
    register_words("reviews", _("reviews"))
    changes = dict(MembershipEvent.What.choices) | {"role": _("another role"), "deleted": _("deleted")}
    register_words("what", _("what"), changes | EXPORTED)
    if sessions_read_by not in people_registry.audit_scopes:
        people_registry.audit_scopes.append(sessions_read_by)


def sessions_read_by(user):
    """The sessions whose lines `user` reads: those that they organise."""
    return Session.objects.organised_by(user)


def connect() -> None:
    pre_save.connect(_before_role, sender=SessionRole, dispatch_uid="cohorts.auditing.before_role")
    post_save.connect(_role_saved, sender=SessionRole, dispatch_uid="cohorts.auditing.role_saved")
    post_delete.connect(_role_deleted, sender=SessionRole, dispatch_uid="cohorts.auditing.role_deleted")


def _said(role: SessionRole) -> dict[str, Any]:
    return {"role": role.role, "reads_accommodations": role.reads_accommodations}


def _before_role(sender, instance: SessionRole, raw=False, **kwargs):
    saved = not raw and not instance._state.adding
    vars(instance)["_role_before"] = SessionRole.objects.filter(pk=instance.pk).first() if saved else None


def _role_saved(sender, instance: SessionRole, created, raw=False, **kwargs):
    if raw:
        return
    if created:
        _note("role.given", instance, _said(instance))
        return
    before = getattr(instance, "_role_before", None)
    if before is None:
        return
    if before.user_id != instance.user_id:
        # Another person in the same row: one loses the role, the other gets it.
        _note("role.taken", before, _said(before))
        _note("role.given", instance, _said(instance))
    elif _said(before) != _said(instance):
        _note("role.changed", instance, _said(instance) | {"before": before.role})


def _role_deleted(sender, instance: SessionRole, **kwargs):
    _note("role.taken", instance, _said(instance))


def _note(action: str, role: SessionRole, details: Mapping[str, Any]) -> None:
    record(action, by=acting(), to=role.user_id, about=role, scope=role.session_id, details=details)


def session_saved(session: Session, *, by, changed: Iterable[str], parts: Iterable[str] = (), created: bool = False) -> None:
    """Note that `by` set a session up, or which of the fields that matter, and which of its parts (questions, weeks …), changed."""
    if created:
        record("session.created", by=by, about=session, scope=session)
        return
    fields, parts = sorted(THAT_MATTER & set(changed)), sorted(set(parts))
    if fields or parts:
        told = {"fields": fields, "parts": parts}
        record("session.changed", by=by, about=session, scope=session, details={key: one for key, one in told.items() if one})


def step_taken(session: Session, field: str, *, by) -> None:
    """Note a step by hand, by the stamp of the session that it set or emptied."""
    done, undone = STEPS[field]
    record(done if getattr(session, field) else undone, by=by, about=session, scope=session)


def exported(request, what: str, *, session: Session | None = None, **details: Any) -> None:
    """Note that whoever asked takes data of others along: `what` it is, such as `applications`, and how many rows."""
    record("export.made", by=request.user, about=session, scope=session, details={"what": what, **details})
