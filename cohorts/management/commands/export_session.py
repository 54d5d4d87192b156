"""`manage.py export_session SESSION_SLUG`: the people and the tracked work of a session as JSON on standard output."""

import json

from django.core.management.base import BaseCommand, CommandError

from cohorts.exporting import export_session
from cohorts.models import Session


class Command(BaseCommand):
    help = "Prints a session, its people and their tracked work as JSON, in the shape that import_session reads."

    def add_arguments(self, parser):
        parser.add_argument("slug", metavar="SESSION_SLUG")

    def handle(self, *args, slug, **options):
        session = Session.objects.filter(slug=slug).first()
        if session is None:
            known = ", ".join(Session.objects.order_by("-starts_on").values_list("slug", flat=True)[:10])
            raise CommandError(f"There is no session “{slug}”." + (f" Known: {known}." if known else ""))
        self.stdout.write(json.dumps(export_session(session), ensure_ascii=False, indent=2))
