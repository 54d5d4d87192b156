"""Delete accounts by their number, for the operator: for people who wrote in place of logging in, and after a backup was put back."""

from django.core.management.base import BaseCommand, CommandError

from accounts.data_requests import request_deletion
from accounts.models import User
from accounts.personal_data import preview_deletion


class Command(BaseCommand):
    help = "Say what deleting these accounts would remove and keep; with --yes close them at once and have them deleted by the worker."

    def add_arguments(self, parser):
        parser.add_argument("numbers", nargs="+", type=int, help="numbers of accounts, as the audit log and a restore give them")
        parser.add_argument("--yes", action="store_true", help="do it; nobody can bring them back")

    def handle(self, *args, numbers: list[int], yes: bool, **options):
        found = User.objects.in_bulk(numbers)
        missing = [number for number in numbers if number not in found]
        if missing:
            raise CommandError(f"There is no account {', '.join(map(str, missing))}. Nothing was deleted.")
        for number in dict.fromkeys(numbers):
            if yes:
                request_deletion(found[number], by=None)
                self.stdout.write(f"Account {number} is closed; the worker deletes it, and the person gets a mail.")
            else:
                self._preview(found[number])
        if not yes:
            self.stdout.write("Nothing was deleted. Say --yes to do it.")

    def _preview(self, user: User) -> None:
        deletion = preview_deletion(user)
        self.stdout.write(f"Account {user.pk}")
        for title, lines in (("goes", deletion.goes), ("stays, without the name", deletion.stays), ("first", deletion.warnings)):
            for line in lines:
                self.stdout.write(f"  {title}: {line}")
