"""What RFC 5545 and RFC 5546 ask of a calendar, checked by the line: stricter than programs that read it, which forgive much."""

import re

_LINE = re.compile(
    r'(?P<name>[A-Za-z0-9-]+)(?P<parameters>(?:;[A-Za-z0-9-]+=(?:"[^"\x00-\x08\x0a-\x1f\x7f]*"|[^";:,\x00-\x08\x0a-\x1f\x7f]*)'
    r'(?:,(?:"[^"\x00-\x08\x0a-\x1f\x7f]*"|[^";:,\x00-\x08\x0a-\x1f\x7f]*))*)*):(?P<value>[^\x00-\x08\x0a-\x1f\x7f]*)'
)
_TEXT = re.compile(r"(?:[^\\;,]|\\[\\;,nN])*")
_UTC = re.compile(r"\d{8}T\d{6}Z")
_DAY = re.compile(r"\d{8}")
_TEXTS = {"SUMMARY", "DESCRIPTION", "LOCATION", "UID", "X-WR-CALNAME", "PRODID"}
_ONCE = {
    "UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "SUMMARY", "STATUS", "TRANSP", "DESCRIPTION", "LOCATION", "URL", "ORGANIZER",
}  # fmt: skip


def problems(content: bytes) -> list[str]:
    """Everything that is wrong with the calendar in `content`; empty where it keeps all rules."""
    found = _of_bytes(content)
    lines = content.decode("utf-8", "replace").replace("\r\n ", "").split("\r\n")[:-1]
    events: list[list[tuple[str, str, str]]] = []
    calendar: list[tuple[str, str, str]] = []
    open_parts: list[str] = []
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            found.append(f"not a content line: {line!r}")
            continue
        name, parameters, value = match["name"].upper(), match["parameters"], match["value"]
        if name == "BEGIN":
            open_parts.append(value)
            if value == "VEVENT":
                events.append([])
        elif name == "END":
            if not open_parts or open_parts.pop() != value:
                found.append(f"END:{value} closes nothing")
        else:
            (events[-1] if open_parts[-1:] == ["VEVENT"] else calendar).append((name, parameters, value))
        if name in _TEXTS and not _TEXT.fullmatch(value):
            found.append(f"not escaped: {line!r}")
    if open_parts:
        found.append(f"not closed: {open_parts}")
    return (
        found
        + _of_calendar(calendar)
        + _of_events(events, {name: value for name, _parameters, value in calendar}.get("METHOD", ""))
    )


def _of_bytes(content: bytes) -> list[str]:
    found = []
    if not content.startswith(b"BEGIN:VCALENDAR\r\n") or not content.endswith(b"END:VCALENDAR\r\n"):
        found.append("does not begin or end as a calendar")
    if re.search(rb"(?<!\r)\n|\r(?!\n)", content):
        found.append("a line ends with something else than CRLF")
    for line in content.split(b"\r\n"):
        if len(line) > 75:
            found.append(f"longer than 75 octets: {line!r}")
        try:
            line.decode()
        except UnicodeDecodeError:
            found.append(f"folded inside a character, or no UTF-8: {line!r}")
    return found


def _of_calendar(calendar) -> list[str]:
    names = [name for name, _parameters, _value in calendar]
    found = [f"{name} not exactly once in the calendar" for name in ("VERSION", "PRODID", "METHOD") if names.count(name) != 1]
    return found + [f"a bad version: {value}" for name, _parameters, value in calendar if name == "VERSION" and value != "2.0"]


def _of_events(events, method: str) -> list[str]:
    found = []
    uids = [value for event in events for name, _parameters, value in event if name == "UID"]
    if len(set(uids)) != len(uids):
        found.append("a UID twice")
    if method in ("REQUEST", "CANCEL") and len(set(uids)) != 1:
        found.append(f"{method} is about one meeting")
    for event in events:
        found += _of_event(event, method)
    return found


def _of_event(event, method: str) -> list[str]:
    names = [name for name, _parameters, _value in event]
    values = {name: value for name, _parameters, value in event}
    kinds = {name: parameters for name, parameters, _value in event}
    needed = ["UID", "DTSTAMP", "DTSTART", "SUMMARY", "ORGANIZER", *(["SEQUENCE"] if method in ("REQUEST", "CANCEL") else [])]
    found = [f"{name} is missing" for name in needed if name not in names]
    found += [f"{name} more than once" for name in _ONCE if names.count(name) > 1]
    if not _UTC.fullmatch(values.get("DTSTAMP", "")):
        found.append("DTSTAMP is not in UTC")
    for name in ("DTSTART", "DTEND"):
        shape = _DAY if "VALUE=DATE" in kinds.get(name, "") else _UTC
        if not shape.fullmatch(values.get(name, "")):
            found.append(f"{name} is neither a day nor in UTC: {values.get(name)}")
    if values.get("DTEND", "") <= values.get("DTSTART", ""):
        found.append("ends before it begins")
    if not values.get("SEQUENCE", "0").isdigit():
        found.append("SEQUENCE is no number")
    if values.get("STATUS", "CONFIRMED") not in ("CONFIRMED", "CANCELLED", "TENTATIVE"):
        found.append(f"an unknown status: {values['STATUS']}")
    if method == "CANCEL" and values.get("STATUS") != "CANCELLED":
        found.append("CANCEL without STATUS:CANCELLED")
    if method == "PUBLISH" and "ATTENDEE" in names:
        found.append("PUBLISH names attendees")
    if method == "REQUEST" and "ATTENDEE" not in names:
        found.append("REQUEST without an attendee")
    found += [
        f"no address: {value}"
        for name, _p, value in event
        if name in ("ORGANIZER", "ATTENDEE") and not value.startswith("mailto:")
    ]
    return found
