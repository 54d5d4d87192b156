"""What publishing costs: statements a message, and messages a second beside a bare loop of Django's `send_mail`.

    uv run python bench/publishing.py [--database sqlite|postgresql] [--quick]

Sessions with 20, 200 and 2,000 decisions are published to a real SMTP server in a process of its own on this machine, as the
background task does it: all statuses, events and messages in one transaction, then one mail after the other, each written down before and
after it is handed over. The number of statements of that transaction, and of those for each message that follows, must not depend on how
many there are. Then 2,000 decisions are published in turn with a loop that sends 2,000 such mails, ready made, by `send_mail` to the same server
and writes down nothing; ours must reach half its rate (medians). The page that asks before is timed too, with its weight. Prints a table,
and exits with 1 where a bound is missed, or where the server did not get one mail for each person.
"""

import argparse
import collections
import datetime
import gzip
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

SIZES = (20, 200, 2000)
RATIO, PAGE_BYTES = 0.5, 100_000


def make_session(number: int, organiser, name: str):
    """A session whose review is closed, with so many pending decisions: a tenth offers, a tenth on the waitlist."""
    from django.utils import timezone

    from accounts.models import User
    from cohorts.models import Application, Cohort, Membership, Session, SessionRole

    now = timezone.now()
    session = Session.objects.create(
        slug=name, name=name.capitalize(), starts_on=(now + datetime.timedelta(days=40)).date(), announced_at=now,
        applications_open_at=now - datetime.timedelta(days=30), applications_close_at=now - datetime.timedelta(days=3),
        review_closed_at=now - datetime.timedelta(hours=1),
    )  # fmt: skip
    SessionRole.objects.create(session=session, user=organiser, role="organiser")
    people = User.objects.bulk_create(
        User(email=f"a{one}@{name}.example.org", name=f"Applicant {one}", time_zone="Europe/Rome" if one % 2 else "UTC")
        for one in range(number)
    )
    decisions = ["offer", "waitlist", *["not_selected"] * 8]
    Application.objects.bulk_create(
        Application(
            session=session, applicant=person, status="submitted", version=1, submitted_version=1, submitted_at=now,
            pending_decision=decisions[order % 10], pending_rank=order // 10 + 1 if order % 10 == 1 else None,
        )
        for order, person in enumerate(people)
    )  # fmt: skip
    cohort = Cohort.objects.create(session=session, name="Venus")
    Membership.objects.bulk_create(Membership(cohort=cohort, user=person, state="invited") for person in people[::10])
    return session


def published(number: int, organiser, name: str) -> tuple[float, float]:
    """Publish a new session. Returns the seconds of deciding and those of all."""
    from cohorts import publishing
    from cohorts.models import Publication

    session = make_session(number, organiser, name)
    publication = publishing.publish(session, by=organiser)
    began = time.perf_counter()
    publishing._decide(publication.pk)
    decided = time.perf_counter() - began
    publishing.carry_on(publication.pk)
    seconds = time.perf_counter() - began
    publication = Publication.objects.get(pk=publication.pk)
    if publication.state != Publication.State.DONE:
        raise SystemExit(f"Publishing ended as {publication.state}: {publication.why_stopped}")
    return decided, seconds


def statements(number: int, organiser) -> tuple[int, float]:
    """Statements of the transaction that decides, and those for each message after it."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from accounts.messages import send_batch
    from cohorts import publishing

    session = make_session(number, organiser, f"counted-{number}")
    publication = publishing.publish(session, by=organiser)
    connection.queries_log = collections.deque(maxlen=100_000)
    with CaptureQueriesContext(connection) as deciding:
        publishing._decide(publication.pk)
    with CaptureQueriesContext(connection) as sending:
        result = send_batch(publication.batch)
    if result.sent != number:
        raise SystemExit(f"{result.sent} of {number} messages were sent.")
    publishing.carry_on(publication.pk)
    return len(deciding), len(sending) / number


def bare_loop(number: int) -> float:
    """Seconds of sending as many such mails, ready made with text and HTML, by Django's `send_mail`."""
    from django.core.mail import send_mail

    from accounts.messages import html_of
    from accounts.models import Message

    message = Message.objects.filter(kind="decision_not_selected").latest("pk")
    html = html_of(message)
    began = time.perf_counter()
    for one in range(number):
        send_mail(message.subject, message.body, None, [f"bare{one}-{began}@example.org"], html_message=html)
    return time.perf_counter() - began


def page(organiser, number: int) -> tuple[float, int, int]:
    """Seconds, bytes and compressed bytes of the page that asks before."""
    from django.test import Client
    from django.urls import reverse

    session = make_session(number, organiser, f"asked-{number}")
    client = Client()
    client.force_login(organiser)
    seconds = []
    for _ in range(4):
        began = time.perf_counter()
        answer = client.get(reverse("admin:cohorts_session_publish", args=[session.pk]), secure=True)
        seconds.append(time.perf_counter() - began)
    if answer.status_code != 200:
        raise SystemExit(f"The page answered {answer.status_code}.")
    return statistics.median(seconds[1:]), len(answer.content), len(gzip.compress(answer.content))


def main() -> int:
    from bench import pages
    from bench.tasks import DATABASES, database

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    arguments = parser.parse_args()
    sink = subprocess.Popen(
        [sys.executable, "-m", "tests.mail_sink"], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert sink.stdout is not None
    address = sink.stdout.readline().strip()
    with database(arguments.database) as url:
        pages.set_up(url)
        missed, mails = measure(address, 2 if arguments.quick else 5)
        from django.db import connections

        connections.close_all()
    told = sink.communicate("")[0].strip()
    print(f"the server got {told}")
    if told != f"{mails} mails for {mails} people":
        missed.append(f"{mails} mails for {mails} people were to be sent")
    for words in missed:
        print(f"MISSED {words}")
    return 1 if missed else 0


def measure(address: str, rounds: int) -> tuple[list[str], int]:
    """What is missed, and how many mails were sent in all."""
    from urllib.parse import urlsplit

    from django.conf import settings

    from accounts.models import User

    port = urlsplit(address).port
    settings.MAILERS = {
        "default": {
            "BACKEND": "accounts.mail_backend.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": port, "timeout": 30},
        }
    }
    organiser = User.objects.create(email="organiser@example.org", name="Organiser")
    # What is looked up once a process, before anything is counted.
    published(10, organiser, "first")
    counts = {number: statements(number, organiser) for number in SIZES}
    for number, (deciding, each) in counts.items():
        print(f"{number:>6,} decisions: {deciding} statements to decide, {each:.2f} for each message")
    largest = SIZES[-1]
    deciding, ours, bare = [], [], []
    for turn in range(rounds):
        bare.append(bare_loop(largest))
        decided, seconds = published(largest, organiser, f"published-{turn}")
        deciding.append(decided)
        ours.append(seconds)
    rates = {"publishing": largest / statistics.median(ours), "send_mail": largest / statistics.median(bare)}
    for name, values in (("publishing", ours), ("send_mail", bare)):
        print(f"{name:12}{rates[name]:>8.0f} messages/s  ({largest / max(values):.0f} to {largest / min(values):.0f})")
    ratio = rates["publishing"] / rates["send_mail"]
    seconds, size, compressed = page(organiser, largest)
    print(f"deciding {largest:,}: {statistics.median(deciding):.2f} s of it, in one transaction")
    print(f"publishing for send_mail: {ratio:.2f}   (at least {RATIO}: {'met' if ratio >= RATIO else 'MISSED'})")
    print(f"the page that asks, with {largest:,}: {seconds:.2f} s, {size / 1000:.0f} kB, {compressed / 1000:.0f} kB compressed")
    missed = [] if ratio >= RATIO else ["the rate"]
    if len({count for count, _each in counts.values()}) > 1:
        missed.append("statements to decide grow with the decisions")
    # What begins and ends sending counts more where there are few.
    if counts[SIZES[-1]][1] > counts[SIZES[0]][1]:
        missed.append("statements for each message grow with the messages")
    if compressed > PAGE_BYTES:
        missed.append("the weight of the page")
    return missed, 10 + sum(SIZES) + 2 * rounds * largest


if __name__ == "__main__":
    sys.exit(main())
