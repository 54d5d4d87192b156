"""What a cell means: addresses, days, moments, yes and no, statuses and roles, as people and programs write them. Pure.

Each reader takes the text of a cell, and raises `Unclear` with what to do about it.
"""

import datetime
import functools
import re
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from cohorts.models import Application, Membership, SessionRole

Status, Role, State = Application.Status, Membership.Role, Membership.State

#: Which of two numbers is the day, where both could be.
DAY_FIRST, MONTH_FIRST = "day", "month"


class Unclear(Exception):
    """A cell that cannot be understood. The text says what to write instead."""


def key_of(text: str) -> str:
    """Words are alike whatever their capitals, spaces and marks between them."""
    return " ".join(re.sub(r"[\W_]+", " ", text.casefold()).split())


def _words(table: Mapping[str, str]) -> dict[str, str]:
    return {key_of(word): value for value, words in table.items() for word in words.split("|")}


_STATUSES = _words(
    {
        Status.SUBMITTED: "submitted|submit|received|new|pending|in review|under review|to review|applied|complete|completed",
        Status.WITHDRAWN: "withdrawn|withdrew|cancelled|canceled|ritirata|ritirato",
        Status.WAITLISTED: "waitlisted|waitlist|wait list|waiting list|on the waitlist|reserve|alternate|in lista d’attesa",
        Status.ACCEPTED: "accepted|accept|selected|admitted|yes|in|confirmed|enrolled|participant|accettata|accettato|ammessa|ammesso",
        Status.DECLINED: "declined|declined the offer|declined by applicant|turned down|offer declined",
        Status.EXPIRED: "expired|offer expired|no answer|no reply|did not answer",
        Status.NOT_SELECTED: "not selected|not_selected|rejected|reject|no|not accepted|unsuccessful|refused|non selezionata|respinta",
        Status.OFFERED: "offered|offered a place|offer|invited",
    }
)
_ROLES = _words(
    {
        Role.MEMBER: "member|mentee|participant|djangonaut|fellow|learner|student|contributor|partecipante",
        Role.NAVIGATOR: "navigator|mentor|lead|team lead|guide|co mentor|navigatore",
        Role.CAPTAIN: "captain|coach|buddy|capitano",
        SessionRole.Role.ORGANISER: "organiser|organizer|admin|coordinator|program manager|organizzatore|organizzatrice",
        SessionRole.Role.REVIEWER: "reviewer|selection committee|revisore",
        SessionRole.Role.STORYTELLER: "storyteller|communications",
    }
)
_STATES = _words(
    {
        State.COMPLETED: "completed|complete|finished|graduated|alumni|alumnus|alumna|done|yes",
        State.LEFT: "left|dropped|dropped out|drop out|withdrew|withdrawn|quit|no",
        State.ACTIVE: "active|current|ongoing|in progress",
    }
)
YES_WORDS = frozenset(
    ["yes", "y", "true", "1", "x", "✓", "✔", "☑", "checked", "agree", "i agree", "on", "ok", "sì", "si", "ja", "oui", "sim", "да"]
)
NO_WORDS = frozenset(["no", "n", "false", "0", "☐", "unchecked", "disagree", "off", "nein", "non", "não", "нет"])

_MONTHS = {
    name[:3]: number
    for number, name in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        1,
    )
}
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_PARTS = re.compile(r"(\d{1,2})[-/. ]+(\d{1,2})[-/. ]+(\d{4}|\d{2})")
_NAMED = re.compile(r"(?:(\d{1,2})\.?[ -]+([a-z]{3,9})\.?|([a-z]{3,9})\.? +(\d{1,2}),?)[ ,-]+(\d{4})")
_CLOCK = re.compile(r"[T ,]*(?:at )?(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:\.\d+)?)?\s*([ap]\.?m\.?)?\s*(.*)", re.IGNORECASE)
_OFFSET = re.compile(r"(?:(?:GMT|UTC)\s*)?([+-])(\d{1,2}):?(\d{2})?", re.IGNORECASE)
#: Days since the end of 1899, as spreadsheets store them: from 1980 to 2079.
_SERIAL = re.compile(r"\d{5}(?:[.,]\d{1,12})?")
_SERIALS = range(29221, 65381)
_YEARS = range(1970, 2101)
_EPOCH = datetime.datetime(1899, 12, 30)  # noqa: DTZ001 (spreadsheets know no zones)


def email_of(text: str) -> str:
    """An address in small letters. “Ada Lovelace <ada@example.org>” and “mailto:” are understood."""
    found = text.strip()
    if match := re.search(r"<([^<>\s]+@[^<>\s]+)>\s*$", found):
        found = match[1]
    found = found.removeprefix("mailto:").strip().strip(",;").lower()
    if len(found) > 254:
        raise Unclear(_("Write one email address, such as ada@example.org."))
    try:
        validate_email(found)
    except ValidationError as invalid:
        raise Unclear(_("Write one email address, such as ada@example.org.")) from invalid
    return found


def status_of(text: str, chosen: Mapping[str, str] | None = None) -> str:
    """A status of an application. `chosen`: what the organiser said that words mean, by `key_of` the word."""
    return _one_of(text, _STATUSES, Status, chosen, [one for one in Status.values if one not in (Status.DRAFT, Status.OFFERED)])


def role_of(text: str, chosen: Mapping[str, str] | None = None, *, members: Iterable[str] = ()) -> str:
    """A role in a cohort or in the session. `members`: what a session calls its members besides."""
    return _one_of(text, _ROLES | {key_of(word): Role.MEMBER.value for word in members if word}, roles(), chosen, list(roles()))


def state_of(text: str, chosen: Mapping[str, str] | None = None) -> str:
    """The state of a place in a cohort: completed, left or active."""
    return _one_of(text, _STATES, State, chosen, [State.COMPLETED, State.LEFT, State.ACTIVE])


def roles() -> dict[str, str]:
    """Each role that a table can give, with its label."""
    return {**{one.value: str(one.label) for one in Role}, **{one.value: str(one.label) for one in SessionRole.Role}}


def _one_of(text: str, words: Mapping[str, str], known, chosen: Mapping[str, str] | None, offered: Sequence[str]) -> str:
    key = key_of(text)
    found = (chosen or {}).get(key) or words.get(key)
    if found is None:
        # Labels are translated: not for each of ten thousand rows.
        labels = known if isinstance(known, dict) else {one.value: str(one.label) for one in known}
        found = next((value for value, label in labels.items() if key in (key_of(value), key_of(label))), None)
        if found is None:
            listed = ", ".join(str(labels[one]) for one in offered)
            raise Unclear(_("Say on the page of columns what this word means, or write one of: %(words)s.") % {"words": listed})
    return str(found)


def knows(kind: str, text: str) -> bool:
    """Whether a word needs no explanation; `kind` is the field that it stands in: status, role or state."""
    reader = {"status": status_of, "role": role_of, "state": state_of}[kind]
    try:
        reader(text)
    except Unclear:
        return False
    return True


def yes_or_no(text: str) -> bool:
    """Yes and no in words, signs and numbers."""
    key = text.strip().casefold()
    if key in YES_WORDS:
        return True
    if key in NO_WORDS:
        return False
    raise Unclear(_("Write yes or no."))


def zone_of(text: str) -> str:
    """The name of a time zone, such as Europe/Rome; capitals and blanks do not matter."""
    key = text.strip().replace(" ", "_").casefold()
    found = _zones().get(key)
    if found is None:
        raise Unclear(_("Write the name of a time zone, such as Europe/Rome, or leave the column out."))
    return found


@functools.cache
def _zones() -> dict[str, str]:
    """Asked once: it opens hundreds of files, and ten thousand rows may each name a zone."""
    return {name.casefold(): name for name in zoneinfo.available_timezones()}


def login_in(text: str) -> str:
    """What people write where a GitHub login is asked for: the login, or the address of the profile, or that there is none."""
    found = text.strip()
    if match := re.match(r"(?:https?://)?(?:www\.)?github\.com/+([^/?#\s]+)", found, re.IGNORECASE):
        return match[1]
    return "" if key_of(found) in ("", "no", "none", "n a", "na", "nope", "not yet") else found


def day_of(text: str, order: str = "") -> datetime.date:
    """A day, however it is written: 2027-01-31, 31/01/2027, 31 January 2027, 46053 (as spreadsheets store it), with a time or not.

    `order` says which number of 3/4/2027 is the day; without it, that stays unclear.
    """
    return _day_and_rest(text, order)[0]


def moment_of(text: str, zone: datetime.tzinfo, order: str = "") -> datetime.datetime:
    """An aware moment; a time without a zone is in `zone`, a day without a time begins at midnight."""
    try:
        parsed = parse_datetime(text.strip())
    except ValueError:
        parsed = None
    if parsed is not None and parsed.year in _YEARS:
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)
    day, rest = _day_and_rest(text, order)
    if isinstance(rest, datetime.time):
        return datetime.datetime.combine(day, rest, tzinfo=zone)
    match = _CLOCK.fullmatch(rest) if rest else None
    if rest and not match:
        raise _no_moment()
    if match is None:
        return datetime.datetime.combine(day, datetime.time(), tzinfo=zone)
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4]:
        if not 1 <= hour <= 12:
            raise _no_moment()
        hour = hour % 12 + (12 if match[4].lower().startswith("p") else 0)
    try:
        return datetime.datetime.combine(day, datetime.time(hour, minute, second), tzinfo=_zone_in(match[5], zone))
    except ValueError as invalid:
        raise _no_moment() from invalid


def _zone_in(text: str, zone: datetime.tzinfo) -> datetime.tzinfo:
    """The zone behind a time, such as “GMT+2”, “UTC” or “Z”."""
    text = text.strip()
    if not text:
        return zone
    if text.upper() in ("Z", "UTC", "GMT"):
        return datetime.UTC
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise _no_moment()
    offset = datetime.timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return datetime.timezone(offset if match[1] == "+" else -offset)


def _day_and_rest(text: str, order: str) -> tuple[datetime.date, str | datetime.time]:
    """The day in `text`, and what stands behind it."""
    text = text.strip()
    if _SERIAL.fullmatch(text):
        serial = float(text.replace(",", "."))
        if int(serial) in _SERIALS:
            moment = _EPOCH + datetime.timedelta(days=serial)
            return moment.date(), (moment + datetime.timedelta(milliseconds=500)).time().replace(microsecond=0)
    lowered = text.casefold()
    if match := _ISO.match(text):
        return _day(match[1], match[2], match[3]), text[match.end() :]
    if match := _NAMED.match(lowered):
        number = _MONTHS.get((match[2] or match[3])[:3])
        if number:
            return _day(match[5], number, match[1] or match[4]), text[match.end() :]
    if match := _PARTS.match(text):
        one, two = int(match[1]), int(match[2])
        year = match[3] if len(match[3]) == 4 else f"20{match[3]}"
        if one > 12 or (order == DAY_FIRST and two <= 12) or one == two:
            return _day(year, two, one), text[match.end() :]
        if two > 12 or order == MONTH_FIRST:
            return _day(year, one, two), text[match.end() :]
        raise Unclear(_("Which number is the day? Say it on the page of columns, or write 2027-01-31."))
    raise _no_moment()


def _day(year, month, day) -> datetime.date:
    try:
        found = datetime.date(int(year), int(month), int(day))
    except ValueError as invalid:
        raise Unclear(_("There is no such day. Write year, month and day, such as 2027-01-31.")) from invalid
    if found.year not in _YEARS:
        raise Unclear(_("The year lies too far away. Write year, month and day, such as 2027-01-31."))
    return found


def _no_moment() -> Unclear:
    return Unclear(_("Write year, month and day, such as 2027-01-31, and a time behind it if you like, such as 18:30."))


def order_in(texts: Iterable[str]) -> str:
    """Which number is the day in all of these dates: told by the ones where it can be one only. Empty: they do not tell."""
    found = set()
    for text in texts:
        if match := _PARTS.match(text.strip()):
            if int(match[1]) > 12:
                found.add(DAY_FIRST)
            elif int(match[2]) > 12:
                found.add(MONTH_FIRST)
    return found.pop() if len(found) == 1 else ""


def looks_like_dates(texts: Sequence[str]) -> bool:
    """Whether all of these are days or moments (numbers alone are not)."""
    return bool(texts) and all(
        bool(_ISO.match(text) or _PARTS.match(text) or _NAMED.match(text.casefold())) and len(text) < 40 for text in texts
    )


def parts_of(text: str, known: Sequence[str] = ()) -> list[str]:
    """The several choices in one cell, each once. Forms put commas between choices that have commas themselves: `known` ones win."""
    found: list[str] = []
    for line in re.split(r"[\n;|]", text):
        rest = line.strip()
        if rest in known:
            found.append(rest)
            continue
        # The longest first, so that “Python” does not eat the beginning of “Python, a lot”.
        for choice in sorted(known, key=len, reverse=True):
            pattern = rf"(?:^|(?<=,))\s*{re.escape(choice)}\s*(?=,|$)"
            if re.search(pattern, rest):
                found.append(choice)
                rest = re.sub(pattern, "", rest)
        found += [part.strip() for part in rest.split(",") if part.strip()]
    return list(dict.fromkeys(found))
