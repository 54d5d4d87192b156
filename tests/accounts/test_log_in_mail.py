"""Every mail that allauth can write has a name in the outbox."""

from pathlib import Path

import allauth

from accounts.log_in_mail import KINDS
from accounts.mail_kinds import TRANSACTIONAL, category_of, kind_label, kinds

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
