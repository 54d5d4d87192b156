"""What second steps rest on lies sealed in the database."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time

from accounts.access.sealed import MARK, seal, unseal

SECRET = "JBSWY3DPEHPK3PXP"


def test_what_is_sealed_comes_back_and_never_looks_the_same():
    assert unseal(seal(SECRET)) == SECRET
    assert seal(SECRET) != seal(SECRET)
    assert SECRET not in seal(SECRET)


def test_what_was_stored_before_is_read_as_it_is():
    assert unseal(SECRET) == SECRET


def test_a_key_of_before_still_opens_and_none_gives_a_secret_that_nobody_knows(settings, caplog):
    sealed, before = seal(SECRET), settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key-" * 5, [before]
    assert unseal(sealed) == SECRET
    settings.SECRET_KEY_FALLBACKS = []
    assert len({unseal(sealed), unseal(sealed), SECRET, ""}) == 4
    assert "SECRET_KEY_FALLBACKS" in caplog.text


@pytest.mark.django_db
def test_a_code_of_an_app_is_right_by_the_sealed_secret(person):
    TOTP.activate(person, SECRET)
    stored = Authenticator.objects.get(user=person, type=Authenticator.Type.TOTP)
    assert stored.data["secret"].startswith(MARK)
    code = format_hotp_value(hotp_value(SECRET, next(iter(yield_hotp_counters_from_time()))))
    assert TOTP(stored).validate_code(code)
    assert not TOTP(stored).validate_code("000000" if code != "000000" else "000001")
