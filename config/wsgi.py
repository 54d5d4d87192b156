"""The WSGI application: `config.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_site = get_wsgi_application()

# Only now are the settings and the apps there.
from contributions.front import WebhookFront  # noqa: E402

application = WebhookFront(_site)
