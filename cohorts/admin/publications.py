"""The pages of what was published: how far it has come, what became of each message, and what somebody must look at."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.messages import advice, settle_message
from accounts.models import Message
from accounts.outbox import managed_by
from cohorts.models import Publication, Session
from cohorts.publication_progress import progress_of, progress_of_all
from cohorts.publishing import carry_on_later

from .sent_numbers import sent_number

#: Publications on one page, and messages of a state on the page of one.
AT_ONCE, MESSAGES_AT_ONCE = 25, 50


class PublicationsMixin:
    """Adds the pages to the admin of sessions."""

    def get_urls(self):
        view = self.admin_site.admin_view
        one = "<int:pk>/publications/<int:number>/"
        return [
            path("<int:pk>/publications/", view(self.publications_view), name="cohorts_session_publications"),
            path(one, view(self.publication_view), name="cohorts_session_publication"),
            path(f"{one}carry-on/", view(self.carry_on_view), name="cohorts_session_publication_carry_on"),
            path(f"{one}settle/", view(self.settle_view), name="cohorts_session_publication_settle"),
            *super().get_urls(),
        ]

    def steps_of(self, session: Session, user) -> list[dict]:
        steps = super().steps_of(session, user)
        if session.publications.exists():
            url = reverse("admin:cohorts_session_publications", args=[session.pk])
            steps.append({"label": _("What was published"), "url": url})
        return steps

    @method_decorator(require_safe)
    def publications_view(self, request, pk: int):
        """All publications of the session, the newest first."""
        session = self._organised(request, pk)
        found = Publication.objects.visible_to(request.user).filter(session=session).select_related("made_by")
        page = Paginator(found.order_by("-created_at", "-pk"), AT_ONCE).get_page(request.GET.get("p"))
        progress = progress_of_all(list(page))
        context = {
            **self._publishing_context(request, session),
            "title": _("What was published: %(session)s") % {"session": session},
            "page": page,
            "rows": [(one, progress[one.pk]) for one in page],
        }
        return TemplateResponse(request, "admin/cohorts/publications.html", context)

    @method_decorator(never_cache)
    @method_decorator(require_safe)
    def publication_view(self, request, pk: int, number: int):
        """How a publication is getting on, or what came of it. htmx asks for the first part until it is done."""
        session = self._organised(request, pk)
        publication = self._publication(request, session, number)
        context = {
            **self._publishing_context(request, session),
            "title": _("%(session)s: %(publication)s") % {"publication": publication, "session": session},
            "publication": publication,
            "progress": progress_of(publication),
        }
        if request.htmx:
            if publication.is_under_way:
                return render(request, "admin/cohorts/_publication_progress.html", context)
            return HttpResponseClientRefresh()
        mine = managed_by(request.user).filter(batch=publication.batch).select_related("recipient").order_by("pk")
        unsure = mine.filter(state=Message.State.UNSURE)
        failed = mine.filter(state=Message.State.FAILED)
        context |= {
            "unsure": unsure[:MESSAGES_AT_ONCE],
            "failed": [(message, advice(message)) for message in failed[:MESSAGES_AT_ONCE]],
            "outbox": f"{reverse('admin:accounts_message_changelist')}?batch__exact={publication.batch}",
            "publish_url": reverse("admin:cohorts_session_publish", args=[session.pk]),
        }
        return TemplateResponse(request, "admin/cohorts/publication.html", context)

    @method_decorator(require_POST)
    def carry_on_view(self, request, pk: int, number: int):
        """Wake the task: for when a worker was lost too often, or somebody does not want to wait."""
        session = self._organised(request, pk)
        publication = self._publication(request, session, number)
        if carry_on_later(publication.pk) is not None:
            messages.success(request, _("A worker goes on with it as soon as one is free."))
        else:
            messages.info(request, _("It goes on by itself already: a worker has it, or comes back to it within a minute."))
        return redirect("admin:cohorts_session_publication", pk=session.pk, number=publication.pk)

    @method_decorator(require_POST)
    def settle_view(self, request, pk: int, number: int):
        """Say of a message of which nobody knows whether it arrived: it did, or send it again."""
        session = self._organised(request, pk)
        publication = self._publication(request, session, number)
        unsure = managed_by(request.user).filter(batch=publication.batch, state=Message.State.UNSURE)
        message = unsure.filter(pk=sent_number(request.POST.get("message"))).first()
        arrived = request.POST.get("arrived")
        is_settled = (
            message is not None
            and arrived in ("yes", "no")
            and settle_message(message, arrived=arrived == "yes", by=request.user)
        )
        if message is None or not is_settled:
            # Somebody else, or another tab, said so a moment ago.
            messages.error(request, _("Nobody has to say anything about this message any more."))
        else:
            said = (
                _("The message to %(person)s counts as sent.")
                if arrived == "yes"
                else _("The message to %(person)s is sent once more.")
            )
            messages.success(request, said % {"person": message.recipient})
        return redirect("admin:cohorts_session_publication", pk=session.pk, number=publication.pk)

    def _publication(self, request, session: Session, number: int) -> Publication:
        found = Publication.objects.visible_to(request.user).filter(session=session, pk=number).select_related("made_by")
        publication = found.first()
        if publication is None:
            raise Http404
        publication.session = session
        return publication
