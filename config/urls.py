"""Addresses of the site. Each app brings its own; what other programs rely on is listed in docs/reference/addresses.md."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("cohorts.urls")),
    path("", include("contributions.urls")),
    path("", include("accounts.urls")),
    path("", include("background.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "config.errors.bad_request"
#: Asked by the log-in's limits.
handler429 = "config.errors.too_often"

if settings.DEBUG_TOOLBAR:
    from debug_toolbar.toolbar import debug_toolbar_urls

    urlpatterns += debug_toolbar_urls()
