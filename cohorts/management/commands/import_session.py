"""`manage.py import_session FILE.json`: a session, its projects, cohorts and people from a file."""

from django.core.management.base import BaseCommand, CommandError

from cohorts.importing import ImportFailed, import_session, read_file

#: So many problems are printed; the rest is counted.
MOST_PROBLEMS = 20


class Command(BaseCommand):
    help = "Creates or updates a session, its projects, cohorts and people from a JSON file. A wrong file changes nothing."

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE.json")

    def handle(self, *args, file, **options):
        try:
            result = import_session(read_file(file))
        except ImportFailed as error:
            more = len(error.problems) - MOST_PROBLEMS
            lines = error.problems[:MOST_PROBLEMS] + ([f"… and {more} more."] if more > 0 else [])
            raise CommandError("\n".join([*lines, "Nothing was imported."])) from None
        for outcome, kinds in result.outcomes.items():
            details = ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))
            self.stdout.write(f"{outcome}: {kinds.total()}" + (f" ({details})" if details else ""))
        for note in result.notes:
            self.stdout.write(note)
