from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self):
        from . import data_requests, health, log_in_mail, login_checks, personal_data, registrations, signals
        from .access import checks, first_proof, second_factor, shared_cache
        from .audit import log_ins as audited_log_ins

        data_requests.register()
        health.register()
        log_in_mail.register()
        login_checks.register()
        personal_data.register()
        registrations.register()
        signals.connect()
        audited_log_ins.connect()
        checks.connect()
        first_proof.connect()
        second_factor.connect()
        post_migrate.connect(shared_cache.make_tables, sender=self, dispatch_uid="accounts.cache_tables")
