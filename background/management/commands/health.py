"""`manage.py health`: the report of `/healthz`, for process managers."""

import json
import sys

from django.core.management.base import BaseCommand

from background.health import STATUSES, report


class Command(BaseCommand):
    help = "Prints what /healthz says, as JSON. Exit code 0: ok, 1: degraded, 2: down."
    requires_system_checks = []

    def handle(self, *args, **options):
        found = report()
        self.stdout.write(json.dumps(found))
        if found["status"] != "ok":
            sys.exit(STATUSES.index(found["status"]))
