"""Helping somebody who lost phone, key and recovery codes: the operator turns their second step off."""

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import second_factor
from accounts.models import User

from .page_links import PageLink, register_page_links

URL_NAME = "accounts_user_second_step"


def reset_link(person: User, user) -> list[PageLink]:
    """The link on the page of a person who has a second step: for the operator, and not about themselves."""
    if not user.is_superuser or user.pk == person.pk or not Authenticator.objects.filter(user=person).exists():
        return []
    return [PageLink(_("Reset two-step log-in"), reverse(f"admin:{URL_NAME}", args=[person.pk]))]


class SecondStepMixin:
    """Adds the page to the admin of people."""

    def get_urls(self):
        page = path("<int:pk>/second-step/", self.admin_site.admin_view(self.second_step_view), name=URL_NAME)
        return [page, *super().get_urls()]

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def second_step_view(self, request, pk: int):
        """Says what will happen, and does it on POST."""
        person = User.objects.visible_to(request.user).filter(pk=pk).first()
        if person is None or not request.user.is_superuser or person.pk == request.user.pk:
            raise Http404
        back = reverse("admin:accounts_user_change", args=[person.pk])
        if request.method == "POST":
            if second_factor.reset(person, by=request.user):
                self.log_change(request, person, _("Reset two-step log-in."))
                messages.success(
                    request, _("Two-step log-in of %(person)s is off. A mail tells them so.") % {"person": person.get_full_name()}
                )
            else:
                messages.info(request, _("There was no second step to turn off."))
            return redirect(back)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Reset two-step log-in: %(person)s") % {"person": person.get_full_name()},
            "person": person,
            "factors": Authenticator.objects.filter(user=person).exclude(type=Authenticator.Type.RECOVERY_CODES).order_by("pk"),
            "back": back,
        }
        return TemplateResponse(request, "admin/accounts/second_step.html", context)


register_page_links(User, reset_link)
