"""The admin: open to whoever has a role, logged into through the site's own log-in.

It is not inside `cohorts.admin`: Django loads the site first, and that package registers itself with it.
"""

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy as _

from cohorts.roles import may_use_admin

#: The order of the work, not of the alphabet. What is not named comes after.
MODEL_ORDER = ["Session", "Project", "Application", "Review", "ReviewAssignment", "Conflict", "Cohort", "Testimonial"]
APP_ORDER = ["cohorts", "accounts", "contributions", "background"]
#: Lists of other packages that have no place here: they show secrets (the keys of sessions log in whoever has them), let somebody put an
#: address of their own on another's account and log in with it, or are permissions by group, which this site does not use.
LEFT_OUT = ["django.contrib.auth.", "allauth."]


def _place(name: str, order: list[str]) -> int:
    return order.index(name) if name in order else len(order)


class CohortsAdminSite(AdminSite):
    """Shows each role only what `visible_to` grants: see `cohorts.admin.access`."""

    site_header = lazystr(settings.SITE_NAME)
    site_title = lazystr(settings.SITE_NAME)
    index_title = _("Administration")
    enable_nav_sidebar = True

    def has_permission(self, request) -> bool:
        return may_use_admin(request.user)

    def register(self, model_or_iterable, admin_class=None, **options):
        module = admin_class.__module__ if admin_class else ""
        if not module.startswith(tuple(LEFT_OUT)):
            super().register(model_or_iterable, admin_class, **options)

    def login(self, request, extra_context=None):
        """Sends visitors to the site's log-in. Whoever is logged in and lands here has no role: 403 says what that means."""
        if request.user.is_authenticated:
            if self.has_permission(request):
                return redirect("admin:index")
            raise PermissionDenied(_("The administration is for people with a part in a session that is not archived."))
        target = request.GET.get(REDIRECT_FIELD_NAME) or request.get_full_path()
        return redirect_to_login(target)

    def password_change(self, request, extra_context=None):
        return redirect("account_change_password")

    def logout(self, request, extra_context=None):
        return redirect("account_logout")

    def get_app_list(self, request, app_label=None):
        apps = super().get_app_list(request, app_label)
        for app in apps:
            app["models"].sort(key=lambda model: _place(model["object_name"], MODEL_ORDER))
        return sorted(apps, key=lambda app: _place(app["app_label"], APP_ORDER))

    def index(self, request, extra_context=None):
        from cohorts.admin.start import mail_that_waits, work_of

        found = {"work": work_of(request.user), "mail": mail_that_waits(request.user)}
        return super().index(request, {**(extra_context or {}), **found})
