from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BackgroundConfig(AppConfig):
    name = "background"
    verbose_name = _("Background work")

    def ready(self):
        from . import signals
        from .health import check_worker, register_check

        register_check("worker", check_worker)
        signals.connect()
