"""Django's admin, opened by roles and logged into through the site's own log-in."""

from django.contrib.admin.apps import AdminConfig


class CohortsAdminConfig(AdminConfig):
    default_site = "cohorts.admin_site.CohortsAdminSite"
