"""What became of an item, in words."""

import datetime

import pytest

from contributions.models import WorkItem
from contributions.story import story_of, what_happened

SEEN = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
LATER = SEEN + datetime.timedelta(days=2)
KNEW = "This is what we knew on 25 November 2026. What was written here stays."
OLD = "https://github.com/org/project/issues/5"


def item(**values):
    known = {
        "kind": "issue",
        "repository": "org/project",
        "number": 5,
        "author_login": "ada",
        "fetched_at": SEEN,
        "state": "open",
    }
    return WorkItem(**known | values)


def events(*words):
    return [{"at": f"2026-11-{10 + day}T00:00:00Z", "what": what, "by": "ada", "human": True} for day, what in enumerate(words)]


GONE = {"state": "gone", "gone": "not_visible", "gone_at": LATER}


@pytest.mark.parametrize(
    ("values", "sentences"),
    [
        ({}, []),
        ({"fetched_at": None, "author_login": ""}, []),
        ({"kind": "other", "author_login": ""}, []),
        ({"tracker": "gitlab", "author_login": ""}, []),
        (GONE | {"gone": "deleted"}, [f"It was deleted on GitHub. {KNEW}"]),
        (GONE, [f"GitHub no longer shows it to us. {KNEW}"]),
        (GONE | {"turn_reason": "repository_gone"}, [f"Its repository is no longer public, or it was deleted. {KNEW}"]),
        (GONE | {"tracker": "trac", "kind": "ticket"}, [f"Trac no longer shows it to us. {KNEW}"]),
        (GONE | {"fetched_at": None}, ["GitHub no longer shows it to us."]),
        (GONE | {"author_login": ""}, [f"GitHub no longer shows it to us. {KNEW}"]),
        ({"moved_from": OLD, "repository": "else/where", "number": 40},
         ["It was moved from org/project #5 to else/where #40. We follow it there."]),
        ({"moved_from": OLD, "repository": "neworg/renamed"},
         ["Its repository was called org/project before, and is neworg/renamed now."]),
        ({"moved_from": "lumen/old#3"}, ["It was moved from lumen/old#3 to org/project #5."]),
        ({"author_login": ""}, ["Its author deleted their GitHub account. The work stays."]),
        ({"events": events("opened", "became_discussion", "locked")}, ["It was made a discussion. It goes on there."]),
        ({"events": events("opened", "locked")},
         ["Its conversation is locked: only people who may write to the repository can comment."]),
        ({"events": events("opened", "locked", "unlocked")}, []),
        ({"events": events("opened", "locked"), "state": "closed"}, []),
    ],
)  # fmt: skip
def test_what_happened(values, sentences):
    assert what_happened(item(**values)) == sentences


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"what": "force_pushed"}, "replaced the commits of the branch"),
        ({"what": "dismissed"}, "dismissed a review"),
        ({"what": "renamed", "from": "Old", "to": "New"}, "changed its title from “Old” to “New”"),
        ({"what": "renamed"}, "gave it another title"),
        ({"what": "base_changed", "from": "main", "to": "stable"}, "chose to merge it into stable instead of main"),
        ({"what": "base_changed"}, "chose another branch to merge it into"),
        ({"what": "transferred", "from": "org/old"}, "moved it here from org/old"),
        ({"what": "transferred"}, "moved it here from another repository"),
        ({"what": "became_discussion"}, "made a discussion of it"),
        ({"what": "review_requested", "to": "ole"}, "asked ole for a review"),
        ({"what": "review_requested"}, "asked for a review"),
        ({"what": "locked"}, "locked the conversation"),
        ({"what": "unlocked"}, "unlocked the conversation"),
        ({"what": "reopened"}, "opened it again"),
    ],
)
def test_the_timeline_tells_it(event, words):
    told = {"at": "2026-11-11T00:00:00Z", "by": "rae", "human": True, **event}
    [chapter] = story_of(item(events=[told])).first
    assert (chapter.words, chapter.by, chapter.whole) == (words, "rae", False)


@pytest.mark.parametrize(("gone", "words"), [("deleted", "It was deleted."), ("not_visible", "It was no longer shown to us.")])
def test_the_timeline_ends_where_it_vanished(gone, words):
    chapter = story_of(item(**GONE | {"gone": gone, "events": events("opened", "commented")})).first[-1]
    assert (chapter.words, chapter.at, chapter.whole) == (words, LATER, True)
