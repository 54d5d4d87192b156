"""What the audit log says of a person, for their export: their log-ins, and what they did themselves.

What others did stays out: an applicant would learn from it that somebody has decided.
"""

from typing import Any

from django.db.models import Q

from accounts import people_registry
from accounts.models import AuditEntry, User


def export(user: User) -> list[dict[str, Any]]:
    """The newest first; times are UTC ISO 8601."""
    own = Q(subject_key=user.pk, action__in=sorted(people_registry.own_audit_actions))
    found = AuditEntry.objects.filter(Q(actor_key=user.pk) | own).order_by("-at", "-pk")
    fields = ("at", "action", "about_type", "about_key", "details", "address", "kept_until")
    return [
        {**row, "at": _iso(row["at"]), "kept_until": _iso(row["kept_until"])}
        for row in found.values(*fields).iterator(chunk_size=2000)
    ]


def _iso(moment) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def register() -> None:
    people_registry.export_sections["audit_log"] = export
