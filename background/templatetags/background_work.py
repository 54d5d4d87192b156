"""`{% background_summary %}`: how the background work stands, in one line, for the first page of an admin."""

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()


@register.inclusion_tag("admin/background/summary.html", takes_context=True)
def background_summary(context) -> dict:
    """Nothing for anybody but the operator; and nothing is asked of the database then. Tells of other apps' problems as well."""
    from background.admin.why import START_A_WORKER
    from background.admin.words import span
    from background.health import problems_of_others
    from background.overview import WAITING_TOO_LONG, overview

    request = context.get("request")
    if request is None or not request.user.is_superuser:
        return {"figures": []}
    found = overview()
    runs = reverse("admin:background_taskrun_changelist")
    oldest = found.oldest_waiting
    return {
        "figures": [
            {"label": _("waiting"), "value": found.waiting, "address": f"{runs}?state=due"},
            {
                "label": _("longest wait"),
                "value": span(oldest),
                "address": f"{runs}?state=due&o=6" if oldest else "",
                "is_trouble": oldest is not None and oldest > WAITING_TOO_LONG,
            },
            {"label": _("running"), "value": found.running, "address": f"{runs}?state=running"},
            {
                "label": _("failed today"),
                "value": found.failed_today,
                "address": f"{runs}?age=failed-today",
                "is_trouble": bool(found.failed_today),
            },
            {
                "label": ngettext("worker alive", "workers alive", found.alive),
                "value": found.alive,
                "address": reverse("admin:background_workerbeat_changelist"),
                "is_trouble": not found.alive,
            },
        ],
        "needs": f"{runs}?needs=somebody",
        # That no worker is alive has a banner of its own, with what to type.
        "problems": [*(found.problems if found.alive else []), *problems_of_others()],
        "nobody_is_alive": not found.alive,
        "command": START_A_WORKER,
    }
