"""Addresses of a person's own pages."""

from django.conf import settings
from django.urls import path

from .views import access, availability, data, feed, language, mail, profile, terms, theme

urlpatterns = [
    path("me/", profile.me, name="me"),
    path("me/second-step/", access.second_step, name="second_factor"),
    path("me/proven/", access.proven, name="proven"),
    # In place of allauth's pages of the same names.
    path("accounts/sessions/", access.devices_page, name="usersessions_list"),
    path("accounts/2fa/webauthn/keys/<int:pk>/remove/", access.remove_key, name="mfa_remove_webauthn"),
    path("me/mail/", profile.address_is_well, name="address_is_well"),
    path("me/github/", profile.github_login, name="my_github_login"),
    path("me/calendar/", profile.calendar_create, name="calendar_create"),
    path("me/calendar/revoke/", profile.calendar_revoke, name="calendar_revoke"),
    path("me/data/", data.my_data, name="my_data"),
    path("me/data/export/", data.my_data_export, name="my_data_export"),
    path("me/data/export/<uuid:key>/", data.my_data_download, name="my_data_download"),
    path("me/data/delete/", data.my_data_delete, name="my_data_delete"),
    path("availability/", availability.availability, name="availability"),
    path("availability/confirm/", availability.confirm, name="confirm_availability"),
    path("terms/", terms.terms, name="terms"),
    path("theme/", theme.theme, name="theme"),
    path("language/", language.language, name="language"),
    path("mail/stop/<str:token>/", mail.unsubscribe, name="unsubscribe"),
    path("mail/stop/<str:token>/again/", mail.subscribe, name="subscribe"),
    path("feeds/<str:token>.ics", feed.feed, name="feed"),
]

if settings.MAIL_EVENTS_PROVIDER:
    from .views.provider import mail_events

    urlpatterns += [path("hooks/mail/", mail_events, name="mail_events")]
