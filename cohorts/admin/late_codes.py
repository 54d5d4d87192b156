"""The page on which organisers make codes for applying after the deadline, see who used them, and take them back."""

from django import forms
from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from cohorts.forms.moments import ANYWHERE_HELP, MomentField, meaning
from cohorts.late_access import STAGES, LateCodeError, make_code, revoke_code
from cohorts.models import LateAccess, LateCode, Session
from cohorts.stages import stage_of

URL_NAME = "cohorts_session_late_codes"

#: More people than apply to any session: a longer number is a slip of the finger.
MOST = 1000


class LateCodeForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("For organisers: whom or what it is for. It stands in the history, the code does not."),
    )
    most_uses = forms.IntegerField(
        label=gettext_lazy("People who can use it"),
        min_value=1,
        max_value=MOST,
        initial=1,
        error_messages=dict.fromkeys(
            ["required", "invalid", "min_value", "max_value"],
            gettext_lazy("Give a number from 1 to %(most)s.") % {"most": MOST},
        ),
    )
    expires_at = MomentField(
        label=gettext_lazy("Lets people apply until"),
        anywhere=True,
        help_text=ANYWHERE_HELP,
        error_messages={"required": gettext_lazy("Give the day and the time until which people can apply.")},
    )


def codes_of(session: Session, now) -> list[LateCode]:
    """The session's codes, the newest first, each with its `people`, its `state` in words and whether it `lives`. Two queries."""
    used = Prefetch("uses", LateAccess.objects.select_related("person").order_by("used_at", "pk"), to_attr="people")
    codes = list(session.late_codes.prefetch_related(used))
    for code in codes:
        code.lives = False
        code.meaning = meaning(code.expires_at, session.zone)
        if code.revoked_at is not None:
            code.state = _("Taken back")
        elif code.expires_at <= now:
            code.state = _("Expired")
        elif stage_of(session, now) not in STAGES:
            code.state = _("Over: results are published") if session.published_at else _("Not yet: applications have not opened")
        else:
            code.lives = True
            code.state = _("Used up") if len(code.people) >= code.most_uses else _("Can be used")
    return codes


class LateCodesMixin:
    """Adds the page to the admin of sessions."""

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/late-codes/", view(self.late_codes_view), name=URL_NAME),
            path(
                "<int:pk>/late-codes/<int:code>/revoke/",
                view(self.revoke_late_code_view),
                name="cohorts_session_revoke_late_code",
            ),
            *super().get_urls(),
        ]

    def steps_of(self, session: Session, user) -> list[dict]:
        steps = super().steps_of(session, user)
        if stage_of(session) in STAGES:
            steps.append({"label": _("Late applications"), "url": reverse(f"admin:{URL_NAME}", args=[session.pk])})
        return steps

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def late_codes_view(self, request, pk: int):
        """GET shows the codes, POST makes one."""
        session = self._organised(request, pk)
        form = LateCodeForm(request.POST if request.method == "POST" else None)
        form.fields["expires_at"].widget.session_zone = session.time_zone
        if form.is_bound and form.is_valid():
            try:
                made = make_code(session, by=request.user, **form.cleaned_data)
            except LateCodeError as error:
                form.add_error("expires_at", str(error))
            else:
                self.log_change(request, session, _("Made a code for late applications: %(code)s.") % {"code": _number(made)})
                messages.success(request, _("The code is made. You find it in the list below."))
                return redirect(f"admin:{URL_NAME}", pk=session.pk)
        now = timezone.now()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Late applications: %(session)s") % {"session": session},
            "session": session,
            "form": form,
            "closes": meaning(session.applications_close_at, session.zone),
            "is_over": bool(session.published_at and session.published_at <= now),
            "codes": codes_of(session, now),
            "enter_at": request.build_absolute_uri(reverse("late_code", args=[session.slug])),
            "back": reverse("admin:cohorts_session_change", args=[session.pk]),
        }
        return TemplateResponse(request, "admin/cohorts/late_codes.html", context, status=422 if form.errors else 200)

    @method_decorator(require_POST)
    def revoke_late_code_view(self, request, pk: int, code: int):
        session = self._organised(request, pk)
        found = LateCode.objects.visible_to(request.user).filter(session=session, pk=code).first()
        if found is None:
            raise Http404
        revoke_code(found, by=request.user)
        self.log_change(request, session, _("Took a code for late applications back: %(code)s.") % {"code": _number(found)})
        messages.success(request, _("The code is taken back. What people submitted with it stays."))
        return redirect(f"admin:{URL_NAME}", pk=session.pk)


def _number(code: LateCode) -> str:
    """For the history, which is kept for good: neither the code itself nor its note, which says for whom it is and why."""
    return _("Code %(number)s") % {"number": code.pk}
