"""Lets an operator back in who lost phone, key and recovery codes, when no other operator can help."""

from django.core.management.base import BaseCommand, CommandError

from accounts.access.second_factor import reset
from accounts.models import User


class Command(BaseCommand):
    help = "Turn off the second step of the log-in of one person, log them out everywhere, and tell them by mail."

    def add_arguments(self, parser):
        parser.add_argument("email", help="the main address of the account")

    def handle(self, *args, email: str, **options):
        person = User.objects.with_email(email).first()
        if person is None:
            raise CommandError(f"No account has the address {email}.")
        if reset(person, by=None):
            self.stdout.write("The second step is off. At the next log-in they set up a new one. A mail tells them.")
        else:
            self.stdout.write("This account has no second step.")
