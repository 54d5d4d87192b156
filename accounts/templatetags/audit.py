"""What a person reads of the audit log about themselves."""

from django import template

from accounts import people_registry
from accounts.audit.words import action_words, detail_words
from accounts.models import AuditEntry

register = template.Library()

SHOWN = 20


@register.inclusion_tag("accounts/_own_log_ins.html")
def own_log_ins(user) -> dict:
    """The newest log-ins to the account of `user`, and attempts that failed. One query."""
    actions = sorted(people_registry.own_audit_actions)
    found = AuditEntry.objects.filter(subject_key=user.pk, action__in=actions).order_by("-at", "-pk")[:SHOWN]
    rows = [
        {"entry": one, "action": action_words(one.action), "details": detail_words(one), "failed": one.action == "log_in.failed"}
        for one in found
    ]
    return {"rows": rows}
