from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self):
        from . import health, log_in_mail, login_checks, personal_data, registrations, signals
        from .audit import log_ins as audited_log_ins

        health.register()
        log_in_mail.register()
        login_checks.register()
        personal_data.register()
        registrations.register()
        signals.connect()
        audited_log_ins.connect()
