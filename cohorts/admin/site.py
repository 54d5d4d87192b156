"""The admin: open to whoever has a role, logged into through the site's own log-in."""

from django.conf import settings
from django.contrib.admin import AdminSite
from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy as _

from cohorts.roles import may_use_admin


class CohortsAdminSite(AdminSite):
    """Shows each role only what `visible_to` grants: see `cohorts.admin.access`."""

    site_header = lazystr(settings.SITE_NAME)
    site_title = lazystr(settings.SITE_NAME)
    index_title = _("Administration")
    enable_nav_sidebar = True

    def has_permission(self, request) -> bool:
        return may_use_admin(request.user)
