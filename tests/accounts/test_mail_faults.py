"""What an error of the mail server means: for every kind of error one line of the table."""

import smtplib

import pytest
from django.core.mail import InvalidMailer

from accounts.mail_backend import TooLate
from accounts.mail_faults import Outcome, fault_of
from accounts.models import Message

ADDRESS, CONTENT, REFUSED, SERVER, SITE = (
    Message.Trouble.ADDRESS,
    Message.Trouble.CONTENT,
    Message.Trouble.REFUSED,
    Message.Trouble.SERVER,
    Message.Trouble.SITE,
)
WAIT, FAIL, UNSURE = Outcome.WAIT, Outcome.FAIL, Outcome.UNSURE


def recipients(*answers):
    return smtplib.SMTPRecipientsRefused({f"{number}@example.org": answer for number, answer in enumerate(answers)})


# As requests and django-anymail name theirs.
class RequestException(OSError): ...


class ConnectTimeout(RequestException): ...


class ReadTimeout(RequestException): ...


class AnymailAPIError(Exception):
    def __init__(self, status):
        self.status_code = status


class AnymailRecipientsRefused(Exception): ...


def never_connected():
    error = RequestException("Max retries exceeded")
    error.__cause__ = ConnectionRefusedError()
    return error


#: error, whether it was handed over, outcome, trouble, whether it is the server's, whether it is the address's
TABLE = [
    (ConnectionRefusedError("no"), False, WAIT, SERVER, True, False),
    (TimeoutError(), None, WAIT, SERVER, True, False),
    (smtplib.SMTPServerDisconnected("gone"), False, WAIT, SERVER, True, False),
    (smtplib.SMTPServerDisconnected("gone"), True, UNSURE, SERVER, True, False),
    (OSError("broken"), True, UNSURE, SERVER, True, False),
    (smtplib.SMTPConnectError(554, b"no"), False, WAIT, SERVER, True, False),
    (smtplib.SMTPHeloError(550, b"no"), False, WAIT, SERVER, True, False),
    (smtplib.SMTPAuthenticationError(535, b"no"), False, WAIT, SERVER, True, False),
    (smtplib.SMTPSenderRefused(530, b"log in first", "a@b"), False, WAIT, SERVER, True, False),
    (smtplib.SMTPSenderRefused(451, b"later", "a@b"), False, WAIT, SERVER, True, False),
    (smtplib.SMTPSenderRefused(550, b"no", "a@b"), False, FAIL, REFUSED, True, False),
    (recipients((550, b"5.1.1 No such user")), False, FAIL, ADDRESS, False, True),
    (recipients((552, b"mailbox full")), False, FAIL, ADDRESS, False, True),
    (recipients((554, b"5.7.1 Relay access denied")), False, FAIL, REFUSED, True, False),
    (recipients((550, b"5.1.8 Your domain")), False, FAIL, REFUSED, True, False),
    (recipients((450, b"4.2.0 Greylisted")), False, WAIT, SERVER, False, False),
    (recipients((421, b"closing")), False, WAIT, SERVER, True, False),
    (recipients((550, b"no"), (450, b"later")), False, WAIT, SERVER, False, False),
    (smtplib.SMTPDataError(451, b"later"), True, WAIT, SERVER, True, False),
    (smtplib.SMTPDataError(554, b"spam"), True, FAIL, REFUSED, False, False),
    (smtplib.SMTPNotSupportedError("SMTPUTF8"), False, FAIL, CONTENT, False, False),
    (ValueError("newlines"), False, FAIL, CONTENT, False, False),
    (UnicodeEncodeError("ascii", "é", 0, 1, "no"), False, FAIL, CONTENT, False, False),
    (InvalidMailer("no host", alias="default"), None, WAIT, SERVER, True, False),
    (TooLate("too long"), False, WAIT, SERVER, True, False),
    (KeyError("bug"), None, FAIL, SITE, False, False),
    (ReadTimeout(), None, UNSURE, SERVER, True, False),
    (ConnectTimeout(), None, WAIT, SERVER, True, False),
    (never_connected(), None, WAIT, SERVER, True, False),
    (AnymailRecipientsRefused(), None, FAIL, ADDRESS, False, True),
    (AnymailAPIError(429), None, WAIT, SERVER, True, False),
    (AnymailAPIError(401), None, WAIT, SERVER, True, False),
    (AnymailAPIError(502), None, UNSURE, SERVER, True, False),
    (AnymailAPIError(422), None, FAIL, REFUSED, False, False),
]


@pytest.mark.parametrize(("error", "handed_over", "outcome", "trouble", "of_server", "of_address"), TABLE)
def test_an_error_says_what_becomes_of_the_mail(error, handed_over, outcome, trouble, of_server, of_address):
    fault = fault_of(error, handed_over=handed_over)
    assert (fault.outcome, fault.trouble, fault.of_server, fault.of_address) == (outcome, trouble, of_server, of_address)
    assert fault.reason
