"""A third kind of tracker needs one file: what stands here as a class is all that the site has to know of it."""

import re

import httpx2
import pytest
from django.urls import reverse

from cohorts.models import Tracker as ProjectTracker
from cohorts.models import register_tracker_kind
from cohorts.models.project import _tracker_kinds
from contributions import following, trackers
from contributions.links import LinkError, parse_link, understood
from contributions.models import Contribution
from contributions.trackers import TRACKERS, Place, Reference, Snapshot, Tracker, TrackerAt
from contributions.trackers.interface import Unreadable, is_below, text_of
from tests.factories import UserFactory

from .conftest import paste

BASE = "https://bugs.example.org"


class Bugs(Tracker):
    kind, name = "bugs", "Bugs"

    def examples(self, base):
        return [f"{base}/BUG-12"]

    def parse(self, base, parts):
        found = re.fullmatch(r"/BUG-([0-9]{1,9})", parts.path)
        return Place("ticket", int(found[1]), f"{base}/BUG-{found[1]}") if found and is_below(base, parts) else None

    def references(self, base, title, text):
        return [Reference(int(number), f"{base}/BUG-{number}") for number in re.findall(r"BUG-([0-9]{1,9})", f"{title} {text}")]

    def address(self, place):
        return f"{BASE}/api/{place.number}.json"

    def read(self, place, data, more):
        if not text_of(data.get("name")):
            raise Unreadable("name")
        return Snapshot(title=text_of(data["name"]), state="open", stage="Triaged", turn="maintainer", turn_reason="untriaged")


@pytest.fixture
def bugs(follower, settings):
    tracker = Bugs()
    TRACKERS[tracker.kind] = tracker
    register_tracker_kind(tracker.kind, tracker.name)
    settings.TRACKER_TRANSPORT = httpx2.MockTransport(lambda _request: httpx2.Response(200, json={"name": "Shutter sticks"}))
    ProjectTracker.objects.create(project=follower.site_project, kind="bugs", url=BASE)
    yield tracker
    del TRACKERS[tracker.kind], _tracker_kinds[tracker.kind]


def test_a_kind_is_found_in_its_file():
    assert trackers._found().keys() == TRACKERS.keys() == _tracker_kinds.keys() == {"trac", "gitlab"}


def test_from_a_pasted_link_to_the_page(bugs, follower, tasks, client):
    ada = follower.member("ada")
    item = paste(ada, "bugs.example.org/BUG-12")
    pull = follower.pull(ada, "Fix BUG-12")
    tasks.run()
    follower.sync()
    item.refresh_from_db()
    assert (item.tracker, item.kind, item.title, item.stage) == ("bugs", "ticket", "Shutter sticks", "Triaged")
    client.force_login(ada.user)
    contribution = Contribution.objects.get(work_item=item)
    text = client.get(reverse("work", args=[contribution.pk])).text
    for words in ("Shutter sticks", "Triaged", "Open on Bugs", pull.url):
        assert words in text
    assert "Shutter sticks" in client.get(reverse("my_progress")).text
    assert f"{BASE}/BUG-12" in understood([TrackerAt("bugs", BASE)])


def test_an_organiser_can_choose_it_and_it_is_asked_again_and_on_demand(bugs, follower, tasks, client):
    ada = follower.member("ada")
    paste(ada, f"{BASE}/BUG-12")
    tasks.run()
    follower.later(hours=8)
    assert (following.fetch_now([ada]), following.queue_due()) == (1, 0)
    client.force_login(UserFactory(is_superuser=True))
    page = client.get(reverse("admin:cohorts_project_change", args=[follower.site_project.pk])).text
    assert '<option value="bugs" selected>Bugs</option>' in page


def test_a_link_of_a_kind_that_is_no_more_is_other_work(follower):
    assert parse_link(f"{BASE}/BUG-12", trackers=[TrackerAt("bugs", BASE)]).kind == "other"
    with pytest.raises(LinkError):
        parse_link("", trackers=[TrackerAt("bugs", BASE)])
