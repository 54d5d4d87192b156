"""What the settings alone say: part of `manage.py check --deploy`, with nothing running yet."""

import importlib.util
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.compatibility, deploy=True)
def check_settings(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """What an installation that people use would miss sooner or later."""
    found: list[CheckMessage] = []

    def say(number: int, message: str, hint: str) -> None:
        found.append(Warning(message, hint=hint, id=f"operations.W{number:03}"))

    backend = settings.MAILERS["default"]["BACKEND"].rpartition(".")[0]
    if backend.endswith((".console", ".dummy", ".locmem", ".filebased")):
        say(1, "Mail goes to nobody: it is printed, kept in a file or thrown away.", "Name a mail server in EMAIL_URL.")
    if settings.DEFAULT_FROM_EMAIL.endswith(("@localhost", "@localhost>")):
        say(
            2,
            "Mail comes from an address that does not exist, so most servers refuse it.",
            "Set DEFAULT_FROM_EMAIL to an address of your own: Cohorts <cohorts@example.org>.",
        )
    if not settings.CONTACT_EMAIL:
        say(3, "People find no address to write to.", "Set CONTACT_EMAIL.")
    if not settings.TRUSTED_PROXIES and not settings.DEBUG and settings.SECURE_SSL_REDIRECT:
        say(
            4,
            "No proxy is trusted. Behind one, every page sends people round in a circle, and all visitors share one address"
            " in the limits on log-ins.",
            "Set TRUSTED_PROXIES=1 behind one web server of yours, and let that one set X-Forwarded-For and X-Forwarded-Proto.",
        )
    if not (settings.GITHUB_TOKENS or settings.GITHUB_APP_ID):
        say(
            5,
            "GitHub is asked as nobody, 60 times an hour: following the work of a cohort takes more.",
            "Set GITHUB_TOKENS, or a GitHub App: docs/how-to/set-up-github-access.md.",
        )
    if settings.SITE_URL.startswith("http://"):
        say(6, "Links in mails begin with http://.", "Set SITE_URL to the https address of the site.")
    if importlib.util.find_spec("gunicorn") is None and importlib.util.find_spec("granian") is None:
        say(
            7,
            "No web server is installed: Django's own is for development.",
            "Run uv sync --locked --no-dev --extra production.",
        )
    return found
