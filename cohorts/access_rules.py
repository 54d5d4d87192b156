"""What `cohorts` says about getting in: who must have a second step, which pages need none, and what asks again who it is."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from accounts.access.proving import always, register_sensitive, when_sent
from accounts.access.second_factor import register_open_page, register_role

from .roles import may_use_admin

#: Everybody's pages, and those about one's own applications, offers to help and feedback.
OPEN_PAGES = (
    "sessions", "session", "alumni", "testimonials", "guides", "guide", "feed", "cohort_feed",
    "apply", "late_code", "apply_file", "apply_reuse", "apply_login",
    "my_applications", "application", "withdraw", "discard", "accept", "decline",
    "volunteer_roles", "volunteer", "my_volunteering", "volunteering", "withdraw_volunteer", "discard_volunteer",
    "volunteer_invitation", "role_invitation", "my_feedback", "feedback",
    "report", "follow_concern", "contact", "maintainers",
)  # fmt: skip

#: Downloads of what people wrote.
EXPORTS = (
    "admin:accounts_auditentry_export",
    "admin:cohorts_application_export",
    "admin:cohorts_review_export",
    "admin:cohorts_session_import_scores_reviews",
    "admin:cohorts_session_import_scores_template",
    "admin:cohorts_session_ranking_export",
    "session_feedback_csv",
)

#: What goes out to people, gives somebody a part, or ends something for good.
SENSITIVE = (
    "admin:cohorts_session_publish",
    "admin:cohorts_session_publication_carry_on",
    "admin:cohorts_session_arrange_accept",
    "admin:cohorts_session_proposal_accept",
    "admin:cohorts_session_retention",
    "admin:cohorts_moving_in_start",
    "admin:cohorts_moving_in_undo",
    "admin:cohorts_concerncontact_add",
    "admin:cohorts_concerncontact_change",
    "admin:cohorts_session_volunteer_place",
    "admin:cohorts_session_volunteer_organiser",
    "admin:cohorts_session_waitlist_offer",
    "hand_over",
)


def changes_roles(request: HttpRequest, arguments: Mapping[str, Any]) -> bool:
    """Whether a session's page was sent with other roles than it has: somebody added, changed or taken away."""
    from .models import SessionRole

    if not when_sent(request, arguments):
        return False
    sent = request.POST
    if _names_somebody(sent, "roles-"):
        return True
    rows = _stored_rows(sent, "roles-")
    stored = {one.pk: (one.role, one.reads_accommodations) for one in SessionRole.objects.filter(pk__in=rows.values())}
    return any(
        sent.get(f"{row}-DELETE") or (sent.get(f"{row}-role"), bool(sent.get(f"{row}-reads_accommodations"))) != stored.get(key)
        for row, key in rows.items()
    )


def changes_leaders(request: HttpRequest, arguments: Mapping[str, Any]) -> bool:
    """Whether a cohort's page was sent with other people who lead it: somebody added, in another part or state, or taken away."""
    from .models import Membership

    if not when_sent(request, arguments):
        return False
    sent = request.POST
    if _names_somebody(sent):
        return True
    # Members are read only on that page: of their rows nothing but keys comes.
    rows = {
        row: key
        for row, key in _stored_rows(sent).items()
        if any(f"{row}-{name}" in sent for name in ("role", "state", "DELETE"))
    }
    stored = {one.pk: (one.role, one.state) for one in Membership.objects.filter(pk__in=rows.values())}
    return any(
        sent.get(f"{row}-DELETE") or (sent.get(f"{row}-role"), sent.get(f"{row}-state")) != stored.get(key)
        for row, key in rows.items()
    )


def _names_somebody(sent: Mapping[str, str], part: str = "") -> bool:
    return any(sent[name] for name in sent if name.startswith(part) and name.endswith("-person_email"))


def _stored_rows(sent: Mapping[str, str], part: str = "") -> dict[str, int]:
    """The rows that were stored before, such as `roles-0`, with their keys; 0 for what is no key.

    Read from the keys that were sent and not from the counts, which can be written in many ways, and as high as one likes.
    """
    keys = (name for name in sent if name.startswith(part) and name.endswith("-id"))
    return {name.removesuffix("-id"): _number(sent[name]) for name in keys if sent[name]}


def _number(text: str | None) -> int:
    """A key of a form; 0 for what is none, and never more than a table can have keys."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else 0


def keeps_a_part(user) -> bool:
    """Whether `user` organises, or leads a cohort, in an archived session: no admin for that any more, but all that was written there."""
    from .models import Membership, SessionRole, access

    if SessionRole.objects.filter(user=user, role=SessionRole.Role.ORGANISER).exists():
        return True
    return Membership.objects.filter(user=user, role__in=access.LEADING).present().exists()


def reads_concerns(user) -> bool:
    """Whether people name `user` when they report a concern, or did once: nothing here is more confidential."""
    from .models import ConcernContact, ConcernReader

    return ConcernContact.objects.filter(user=user).exists() or ConcernReader.objects.filter(user=user).exists()


def register() -> None:
    register_role(may_use_admin)
    register_role(keeps_a_part)
    register_role(reads_concerns)
    register_open_page(*OPEN_PAGES)
    register_sensitive(*EXPORTS, asks=always)
    register_sensitive(*SENSITIVE)
    register_sensitive("admin:cohorts_session_change", asks=changes_roles)
    register_sensitive("admin:cohorts_cohort_add", "admin:cohorts_cohort_change", asks=changes_leaders)
