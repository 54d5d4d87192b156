"""Where a mail provider tells what became of mail. Mounted only where its webhooks are configured."""

import logging
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt

from accounts.provider_events import record_event

logger = logging.getLogger(__name__)

#: django-anymail's views, by the provider's name.
VIEWS = {
    "brevo": "BrevoTrackingWebhookView",
    "mailgun": "MailgunTrackingWebhookView",
    "mailjet": "MailjetTrackingWebhookView",
    "mailtrap": "MailtrapTrackingWebhookView",
    "postmark": "PostmarkTrackingWebhookView",
    "resend": "ResendTrackingWebhookView",
    "sparkpost": "SparkPostTrackingWebhookView",
}


@csrf_exempt
def mail_events(request: HttpRequest) -> HttpResponse:
    """Takes what the provider of the settings tells: 400 for what is not signed, not secret or not to be read; then nothing changes."""
    return _view_of(settings.MAIL_EVENTS_PROVIDER)(request)


@cache
def _view_of(provider: str):
    base = import_string(f"anymail.webhooks.{provider}.{VIEWS[provider]}")

    class Events(base):
        def post(self, request, *args, **kwargs):
            try:
                self.run_validators(request)
            except SuspiciousOperation:
                logger.warning("What came as a provider's word on mail had no right secret or signature")
                return HttpResponse(status=400)
            except Exception as error:
                return _unreadable(error)
            try:
                events = list(self.parse_events(request))
            except ImproperlyConfigured:
                logger.warning("The mail provider sends something else than events of sent mail: see docs/how-to/watch-mail.md")
                return HttpResponse(status=400)
            except Exception as error:
                return _unreadable(error)
            # An error of the database in here is a 500: providers then tell it again, and telling twice does no harm.
            for event in events:
                record_event(event)
            return HttpResponse()

    return Events.as_view()


def _unreadable(error: Exception) -> HttpResponse:
    # Not the text: it may quote what came.
    logger.warning("What a mail provider told could not be read: %s", type(error).__name__)
    return HttpResponse(status=400)
