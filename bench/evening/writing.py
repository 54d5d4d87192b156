"""Applicants at their browsers, in a process of their own: each opens the form, has it saved as they type, and submits.

    python -m bench.evening.writing < plan.json > told.json

The plan: `{"port", "slug", "questions": [pk], "browsers": {pk: session key}, "seconds", "saves", "sample": "/path", "sample_port"}`.
Told at the end: `{"seconds": {"open": [...], "save": [...], "submit": [...], "sample": [...]}, "errors": [...], "texts": {pk: {question: text}}}`,
where `texts` is the last that the site said it had.
"""

import concurrent.futures
import http.client
import json
import random
import re
import sys
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

#: Seconds that a browser waits for an answer.
PATIENCE = 60

WORDS = [
    "I",
    "would",
    "like",
    "to",
    "learn",
    "how",
    "a",
    "patch",
    "becomes",
    "part",
    "of",
    "a",
    "release",
    "and",
    "to",
    "help",
    "others",
    "with",
    "it",
]

_HIDDEN = re.compile(r'<input type="hidden" name="(csrfmiddlewaretoken|person|version|tab)"[^>]*value="([^"]*)"')
_VERSION = re.compile(r'name="version" id="version" value="(\d+)"')
_COOKIE = re.compile(r"csrftoken=([^;]+)")


@dataclass
class Told:
    """What the applicants saw, gathered over their threads."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {"open": [], "save": [], "submit": [], "sample": []})
    errors: list[str] = field(default_factory=list)
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    submitted: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def took(self, kind: str, seconds: float) -> None:
        with self.lock:
            self.seconds[kind].append(seconds)

    def failed(self, words: str) -> None:
        with self.lock:
            self.errors.append(words)


class Browser:
    """One person's, with a connection that stays open as long as the server lets it."""

    def __init__(self, port: int, session_key: str = "") -> None:
        self.port, self.cookies = port, {"sessionid": session_key} if session_key else {}
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def ask(self, method: str, path: str, data: dict[str, str] | None = None, *, htmx: bool = False) -> tuple[int, str, float]:
        """Status, text and seconds."""
        body = urllib.parse.urlencode(data).encode() if data is not None else None
        headers = {
            "Host": "localhost", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7", "Referer": f"https://localhost{path}",
            "Accept-Encoding": "identity", "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }  # fmt: skip
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if htmx:
            headers |= {"HX-Request": "true", "HX-Current-URL": f"https://localhost{path}"}
        began = time.perf_counter()
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # The server closed a connection that had been idle; a browser opens another one, too.
            self.connection.close()
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        text = answer.read().decode(errors="replace")
        seconds = time.perf_counter() - began
        for name, value in answer.getheaders():
            found = _COOKIE.match(value) if name.lower() == "set-cookie" else None
            if found:
                self.cookies["csrftoken"] = found[1]
        return answer.status, text, seconds


def text_of(random_: random.Random, length: int) -> str:
    return " ".join(random_.choice(WORDS) for _ in range(length))


def write(plan: dict[str, Any], person: str, told: Told, began: float) -> None:
    """One applicant's evening: begins somewhere in the first third, saves while typing, submits towards the end."""
    random_ = random.Random(int(person))
    browser, path = Browser(plan["port"], plan["browsers"][person]), f"/sessions/{plan['slug']}/apply/"
    lasts = plan["seconds"]
    starts = random_.uniform(0, lasts / 3)
    ends = random_.uniform(lasts * 0.8, lasts)
    time.sleep(max(0.0, began + starts - time.perf_counter()))
    status, text, seconds = browser.ask("GET", path)
    if status != 200:
        told.failed(f"opening the form: {status}")
        return
    told.took("open", seconds)
    fields = dict(_HIDDEN.findall(text))
    texts = {str(question): "" for question in plan["questions"]}
    saves = plan["saves"]
    for number in range(saves):
        due = began + starts + (ends - starts) * (number + 1) / (saves + 1) * random_.uniform(0.9, 1.0)
        time.sleep(max(0.0, due - time.perf_counter()))
        question = str(plan["questions"][number % len(plan["questions"])])
        texts[question] = f"{texts[question]} {text_of(random_, 40)}".strip()
        sent = {**fields, **{f"question_{pk}": words for pk, words in texts.items()}, "action": "save"}
        status, text, seconds = browser.ask("POST", path, sent, htmx=True)
        version = _VERSION.search(text)
        if status != 200 or version is None or "not-saved" in text:
            told.failed(f"saving: {status} {' '.join(re.sub('<[^>]+>', ' ', text).split())[:160]}")
            return
        told.took("save", seconds)
        fields["version"] = version[1]
        with told.lock:
            told.texts[person] = dict(texts)
    time.sleep(max(0.0, began + ends - time.perf_counter()))
    sent = {**fields, **{f"question_{pk}": words or "Nothing." for pk, words in texts.items()}, "action": "submit"}
    status, text, seconds = browser.ask("POST", path, sent)
    if status != 302:
        told.failed(f"submitting: {status} {' '.join(re.sub('<[^>]+>', ' ', text).split())[:160]}")
        return
    told.took("submit", seconds)
    with told.lock:
        told.texts[person] = {pk: words or "Nothing." for pk, words in texts.items()}
        told.submitted.append(int(person))


def sample(plan: dict[str, Any], told: Told, stop: threading.Event) -> None:
    """Ask for the yardstick's page now and then, beside the applicants."""
    browser = Browser(plan["sample_port"])
    browser.cookies = dict([plan["sample_cookie"]])
    while not stop.wait(plan["sample_every"]):
        status, _text, seconds = browser.ask("GET", plan["sample"])
        if status != 200:
            told.failed(f"the yardstick: {status}")
            return
        told.took("sample", seconds)


def main() -> None:
    plan = json.load(sys.stdin)
    told, stop, began = Told(), threading.Event(), time.perf_counter()
    people = list(plan["browsers"])
    with concurrent.futures.ThreadPoolExecutor(len(people) + 1) as threads:
        sampling = threads.submit(sample, plan, told, stop)
        for finished in concurrent.futures.as_completed([threads.submit(write, plan, one, told, began) for one in people]):
            error = finished.exception()
            if error is not None:
                told.failed(f"{type(error).__name__}: {error}")
        stop.set()
        sampling.result()
    json.dump({"seconds": told.seconds, "errors": told.errors, "texts": told.texts, "submitted": told.submitted}, sys.stdout)


if __name__ == "__main__":
    main()
