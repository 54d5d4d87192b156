"""Every mail that allauth can write has a name in the outbox."""

import datetime
from pathlib import Path

import allauth
import pytest
from django.utils import timezone

from accounts.adapters import AccountAdapter
from accounts.log_in_mail import KINDS
from accounts.mail_kinds import TRANSACTIONAL, category_of, kind_label, kinds
from accounts.models import Message

TEMPLATES = Path(allauth.__path__[0]) / "templates"


def test_every_mail_about_an_account_has_a_name():
    found = {
        str(path.relative_to(TEMPLATES)).removesuffix("_subject.txt")
        for app in ("account", "mfa", "socialaccount")
        for path in (TEMPLATES / app / "email").glob("*_subject.txt")
    }
    assert found == set(KINDS)
    assert {kind.name for kind in kinds()} >= set(KINDS)
    assert {category_of(kind) for kind in KINDS} == {TRANSACTIONAL}


def test_a_kind_that_nobody_named_keeps_its_own_name():
    assert kind_label("nobody-named-it") == "nobody-named-it"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("account/email/login_code", "ABCD-EFGH\n\nIt is good for 15 minutes"),
        ("account/email/email_confirmation", "ABCD-EFGH\n\nIt is good for 15 minutes"),
        ("account/email/password_reset_key", "The link works once, and for 3 days."),
        ("mfa/email/totp_activated", "Time: Tuesday 1 December 2026, 13:00 (Rome)"),
        ("socialaccount/email/account_connected", "A GitHub account was connected to your account here."),
    ],
)
def test_mails_about_an_account_say_until_when_and_since_when(kind, words):
    at = datetime.datetime(2026, 12, 1, 12, tzinfo=datetime.UTC)
    with timezone.override("Europe/Rome"):
        AccountAdapter().send_mail(kind, "ada@example.org", {"code": "ABCD-EFGH", "timestamp": at})
    assert words in Message.objects.get().body
