"""What became of a mail that could not be handed over: tried again, given up, or known to nobody.

`fault_of` reads it from what the mail backend raised. Pure, so that every case stands in one table of the tests.
"""

import smtplib
from dataclasses import dataclass
from enum import StrEnum

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import InvalidMailer, MailerDoesNotExist

from .mail_backend import TooLate
from .models import Message

Trouble = Message.Trouble


class Outcome(StrEnum):
    #: Nothing was handed over, and another try may do better.
    WAIT = "wait"
    #: Nothing was handed over, and no other try would do better.
    FAIL = "fail"
    #: It was handed over, and the answer never came.
    UNSURE = "unsure"


@dataclass(frozen=True)
class Fault:
    outcome: Outcome
    trouble: str
    #: For organisers and the operator; it may quote what the server said, so it is masked before it is kept.
    reason: str
    #: Whether the next mail would fare the same: the server is away, or refuses this site.
    of_server: bool = False
    #: Whether the server refused this very address, so that nothing else arrives there either.
    of_address: bool = False


#: Of a refused recipient: the second and third number of the status, where the server gives one (RFC 3463), that speak of the
#: sender, of rules or of the way, and not of the address.
_NOT_THE_ADDRESS = ("1.7", "1.8", "3.", "4.", "5.", "7.")
#: An HTTP provider's answers that ask for another try; 401 and 403 are the operator's to put right, as a wrong password is.
_HTTP_WAIT = {401, 403, 408, 425, 429, 500, 503}
#: A gateway that lost the answer of whom it asked.
_HTTP_UNSURE = {502, 504}


def fault_of(error: BaseException, *, handed_over: bool | None) -> Fault:
    """What `error` means for the mail that was being sent. `handed_over`: whether the backend had given its content away when the
    error came; None where the backend does not tell."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _recipient_refused(error)
    if isinstance(error, smtplib.SMTPResponseException):
        return _answered(error)
    if isinstance(error, TooLate):
        return Fault(Outcome.WAIT, Trouble.SERVER, str(error), of_server=True)
    if isinstance(error, smtplib.SMTPNotSupportedError) or (isinstance(error, ValueError) and not isinstance(error, OSError)):
        # Django raises ValueError for an address or header that cannot be one; the server takes no such letters in an address.
        return Fault(Outcome.FAIL, Trouble.CONTENT, f"It cannot be written as a mail: {error}")
    if isinstance(error, InvalidMailer | MailerDoesNotExist | ImproperlyConfigured):
        return Fault(Outcome.WAIT, Trouble.SERVER, f"The mail setting EMAIL_URL does not work: {error}", of_server=True)
    if handed_over:
        return Fault(
            Outcome.UNSURE, Trouble.SERVER, f"{_words(error)} It may have arrived: it was handed over already.", of_server=True
        )
    provider = _provider_said(error)
    if provider is not None:
        return provider
    if isinstance(error, OSError | smtplib.SMTPException):
        return Fault(Outcome.WAIT, Trouble.SERVER, _words(error), of_server=True)
    return Fault(Outcome.FAIL, Trouble.SITE, _words(error))


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}."


def _text(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)


def _recipient_refused(error: smtplib.SMTPRecipientsRefused) -> Fault:
    answers = [(code, _text(text)) for code, text in error.recipients.values()]
    said = "; ".join(f"{code} {text}" for code, text in answers)
    if not all(500 <= code < 600 for code, _answer in answers):
        away = any(code == 421 for code, _answer in answers)
        reason = f"SMTPRecipientsRefused: the mail server put the address off: {said}"
        return Fault(Outcome.WAIT, Trouble.SERVER, reason, of_server=away)
    if all(_status(text).startswith(_NOT_THE_ADDRESS) for _code, text in answers):
        return Fault(Outcome.FAIL, Trouble.REFUSED, f"The mail server refused it: {said}", of_server=True)
    reason = f"The mail server says that this address does not exist or takes no mail: {said}"
    return Fault(Outcome.FAIL, Trouble.ADDRESS, reason, of_address=True)


def _status(text: str) -> str:
    """“7.1” of “5.7.1 Relay access denied”; empty where the server gives none."""
    first = text.partition(" ")[0]
    return first[2:] if first.startswith("5.") and first[2:].replace(".", "").isdigit() else ""


def _answered(error: smtplib.SMTPResponseException) -> Fault:
    code, text = error.smtp_code, _text(error.smtp_error)
    reason = f"{type(error).__name__}: {code} {text}"
    # The operator can put a wrong password right while mail waits, and whoever refuses the greeting refuses everybody.
    if code == 530 or isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError | smtplib.SMTPHeloError):
        return Fault(Outcome.WAIT, Trouble.SERVER, reason, of_server=True)
    if 500 <= code < 600:
        of_server = isinstance(error, smtplib.SMTPSenderRefused)
        return Fault(Outcome.FAIL, Trouble.REFUSED, f"The mail server refused it: {code} {text}", of_server=of_server)
    return Fault(Outcome.WAIT, Trouble.SERVER, reason, of_server=True)


def _provider_said(error: BaseException) -> Fault | None:
    """What the error of a provider's backend means, where it looks like one of `requests` or of django-anymail: by the names of its
    classes, since neither need be installed."""
    names = {cls.__name__ for cls in type(error).__mro__}
    if "AnymailRecipientsRefused" in names:
        return Fault(Outcome.FAIL, Trouble.ADDRESS, _words(error), of_address=True)
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        reason = f"{type(error).__name__}: the mail provider answered {status}."
        if status in _HTTP_UNSURE:
            return Fault(Outcome.UNSURE, Trouble.SERVER, reason, of_server=True)
        if status in _HTTP_WAIT:
            return Fault(Outcome.WAIT, Trouble.SERVER, reason, of_server=True)
        return Fault(Outcome.FAIL, Trouble.REFUSED, reason)
    if "RequestException" in names and not names & {"ConnectTimeout", "SSLError", "ProxyError"} and not _never_connected(error):
        return Fault(Outcome.UNSURE, Trouble.SERVER, f"{_words(error)} It may have arrived.", of_server=True)
    return None


def _never_connected(error: BaseException) -> bool:
    """Whether some cause of `error` says that no connection came about."""
    seen: BaseException | None = error
    for _step in range(10):
        if seen is None:
            return False
        inner = next((one for one in seen.args if isinstance(one, BaseException)), None)
        reason = getattr(seen, "reason", None)
        if isinstance(seen, ConnectionRefusedError) or "NewConnectionError" in {cls.__name__ for cls in type(seen).__mro__}:
            return True
        seen = seen.__cause__ or seen.__context__ or (reason if isinstance(reason, BaseException) else inner)
    return False
