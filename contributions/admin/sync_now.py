"""“Sync now” in the admin: a page that says exactly what will happen, then the button. For a session, a project or a member."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.admin.page_links import PageLink, register_page_links
from accounts.limits import TOO_OFTEN, within_limit
from accounts.models import User
from cohorts.models import Cohort, Membership, Project, Session
from contributions.freshness import clock
from contributions.models import MemberSync, SyncRun
from contributions.sync import request_sync
from contributions.sync_scope import Scope, scope_of


class SyncNowMixin:
    """The addresses of “sync now” on the admin of runs."""

    def get_urls(self):
        wrap = self.admin_site.admin_view
        return [
            path("now/<int:session>/", wrap(self.sync_session_view), name="contributions_syncrun_now"),
            path(
                "now/<int:session>/project/<int:project>/",
                wrap(self.sync_project_view),
                name="contributions_syncrun_now_project",
            ),
            path("now/member/<int:membership>/", wrap(self.sync_member_view), name="contributions_syncrun_now_member"),
            *super().get_urls(),
        ]

    @method_decorator(require_http_methods(["GET", "POST"]))
    def sync_session_view(self, request, session: int):
        return self._sync(request, _organised(request.user, session), {})

    @method_decorator(require_http_methods(["GET", "POST"]))
    def sync_project_view(self, request, session: int, project: int):
        found = _organised(request.user, session)
        wanted = found.projects.filter(pk=project).first()
        if wanted is None:
            raise Http404
        return self._sync(request, found, {"project": wanted})

    @method_decorator(require_http_methods(["GET", "POST"]))
    def sync_member_view(self, request, membership: int):
        members = Membership.objects.visible_to(request.user).tracked().select_related("user", "cohort__session")
        found = members.filter(pk=membership).first()
        if found is None:
            raise Http404
        return self._sync(request, _organised(request.user, found.cohort.session_id), {"membership": found})

    def _sync(self, request, session: Session, part: dict):
        """Asks, then has it synced."""
        subject = part.get("membership", part.get("project", session))
        name = subject.user.get_full_name() if isinstance(subject, Membership) else str(subject)
        if request.method == "POST":
            if not within_limit(request, "sync"):
                messages.error(request, TOO_OFTEN)
                return redirect(request.path)
            try:
                run = request_sync(session, by=request.user, trigger=SyncRun.Trigger.PERSON, **part)
            except PermissionDenied:
                raise Http404 from None
            messages.success(request, _("The sync is queued. This page shows how it goes: load it again in a moment."))
            return redirect("admin:contributions_syncrun_change", object_id=run.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Sync %(name)s now") % {"name": name},
            "consequences": consequences(session, scope_of(session, **part), **part),
            "back": reverse("admin:contributions_membersync_session", args=[session.pk]),
            "parent_name": session,
        }
        return TemplateResponse(request, "admin/contributions/sync_now.html", context)


def consequences(session: Session, scope: Scope, *, membership=None, project=None) -> list[str]:
    """What the button does, a sentence each."""
    now = timezone.now()
    places = ngettext("%(count)s repository", "%(count)s repositories", scope.repositories) % {"count": scope.repositories}
    if membership is not None:
        lines = [
            _("Looks up on GitHub what %(name)s works on, in %(places)s of %(session)s.")
            % {"name": membership.user.get_full_name(), "places": places, "session": session}
        ]
    else:
        people = ngettext("%(count)s member", "%(count)s members", scope.members) % {"count": scope.members}
        where = _("%(places)s of %(project)s") % {"places": places, "project": project} if project else places
        lines = [
            _("Looks up on GitHub what %(people)s of %(session)s work on, in %(where)s.")
            % {"people": people, "session": session, "where": where}
        ]
    lines.append(
        ngettext("%(count)s open item is compared.", "%(count)s open items are compared.", scope.open_items)
        % {"count": number_format(scope.open_items)}
    )
    asks = ngettext("About %(count)s request", "About %(count)s requests", scope.least) % {"count": scope.least}
    if scope.most > scope.least:
        asks = _("%(asks)s to GitHub where nothing has changed, up to %(most)s where everything has.") % {
            "asks": asks,
            "most": scope.most,
        }
    else:
        asks = _("%(asks)s to GitHub.") % {"asks": asks}
    if scope.last is not None:
        asks += " " + _("The last one, %(when)s, took %(requests)s requests and %(points)s points.") % {
            "when": clock(scope.last.finished_at, now),
            "requests": scope.last.requests,
            "points": scope.last.points,
        }
    lines.append(asks)
    lines.append(_("Tickets on other trackers are asked about as well, each at most every few minutes."))
    if scope.blocked_until is not None:
        lines.append(_("GitHub asked us to wait until %(time)s: it starts then.") % {"time": clock(scope.blocked_until, now)})
    if scope.under_way is not None:
        lines.append(
            _("One is under way since %(time)s. The button leads to that one; nothing is asked twice.")
            % {"time": clock(scope.under_way.queued_at, now)}
        )
    else:
        lines.append(_("It runs in the background; you can leave the page. Nothing on GitHub is changed."))
    return lines


def _organised(user, pk: int) -> Session:
    session = Session.objects.organised_by(user).filter(pk=pk, archived_at=None).first()
    if session is None:
        raise Http404
    return session


def _followed(user):
    """The sessions of which `user` may have something synced."""
    return Session.objects.organised_by(user).filter(published_at__isnull=False, archived_at=None)


def _links_of_session(session: Session, user):
    if _followed(user).filter(pk=session.pk).exists():
        yield PageLink(_("Freshness"), reverse("admin:contributions_membersync_session", args=[session.pk]))
        yield PageLink(_("Sync now"), reverse("admin:contributions_syncrun_now", args=[session.pk]))


def _links_of_project(project: Project, user):
    for session in _followed(user).filter(projects=project):
        label = _("Sync now for %(session)s") % {"session": session}
        yield PageLink(label, reverse("admin:contributions_syncrun_now_project", args=[session.pk, project.pk]))


def _links_of_cohort(cohort: Cohort, user):
    if _followed(user).filter(pk=cohort.session_id).exists():
        yield PageLink(_("Freshness"), reverse("admin:contributions_membersync_session", args=[cohort.session_id]))


def _links_of_person(person: User, user):
    members = Membership.objects.visible_to(user).tracked().filter(user=person, cohort__session__in=_followed(user))
    for membership in members.select_related("cohort__session"):
        label = _("Sync now for %(session)s") % {"session": membership.cohort.session}
        yield PageLink(label, reverse("admin:contributions_syncrun_now_member", args=[membership.pk]))


def _links_of_freshness(row: MemberSync, user):
    if _followed(user).filter(cohorts__memberships=row.membership_id).exists():
        yield PageLink(_("Sync now"), reverse("admin:contributions_syncrun_now_member", args=[row.membership_id]))


for _model, _source in (
    (Session, _links_of_session),
    (Project, _links_of_project),
    (Cohort, _links_of_cohort),
    (User, _links_of_person),
    (MemberSync, _links_of_freshness),
):
    register_page_links(_model, _source)
