"""What a session's feedback says: everything for organisers, counts for those who lead."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.signed_in import signed_in
from cohorts.admin.csv_export import csv_response
from cohorts.auditing import exported
from cohorts.feedback import results
from cohorts.feedback.table import HEADER, table_rows
from cohorts.models import Cohort, Session
from cohorts.roles import organises
from cohorts.stages import Stage, stage_of


@never_cache
@signed_in
@require_safe
def session_feedback(request, slug):
    session = _session(request, slug)
    found = results.results_of(session, reader=request.user)
    now = timezone.now()
    context = {
        "session": session,
        "results": found,
        "in_full": found.in_full,
        "has_forms": bool(found.forms),
        "is_archived": stage_of(session, now) == Stage.ARCHIVED,
        "cohort": None if found.in_full else _own_cohort(request.user, session),
    }
    return render(request, "cohorts/session_feedback.html", context)


@never_cache
@signed_in
@require_safe
def session_feedback_csv(request, slug):
    """Every answer in a row, for organisers. No row says who wrote it but where the form says so."""
    session = _session(request, slug)
    if not organises(request.user, session):
        raise Http404
    exported(request, "feedback", session=session)
    filename = _("%(session)s-feedback.csv") % {"session": session.slug}
    return csv_response(filename, [str(words) for words in HEADER], table_rows(session, reader=request.user))


def _session(request, slug) -> Session:
    session = get_object_or_404(Session.objects.visible_to(request.user), slug=slug)
    if not results.may_read(request.user, session):
        raise Http404
    return session


def _own_cohort(user, session):
    """The cohort that `user` leads, for the sub-navigation."""
    return Cohort.objects.visible_to(user).led_by(user).filter(session=session).select_related("session").first()
