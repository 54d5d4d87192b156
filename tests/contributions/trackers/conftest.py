"""A session that follows a small GitHub with a small Trac beside it, and a small GitLab."""

import pytest
from django.core.cache import cache

from cohorts.models import Tracker
from contributions.sandbox import sandbox_transport
from contributions.sync import paste_link
from tests.contributions.sync.conftest import follower, sandbox, traveller, world  # noqa: F401 (fixtures)

from .gitlab_server import GitLabServer


@pytest.fixture(autouse=True)
def patient_with_nobody():
    """What one test was asked to wait for does not matter to the next."""
    yield
    cache.clear()


TRAC = "https://code.djangoproject.com"


@pytest.fixture
def trac(follower, settings):  # noqa: F811
    """The follower, whose project keeps its tickets in the sandbox's Trac."""
    settings.TRAC_URL, settings.TRAC_API_URL = TRAC, "https://www.djangoproject.com/trac/api"
    settings.TRACKER_TRANSPORT = sandbox_transport(follower.sandbox)
    Tracker.objects.create(project=follower.site_project, kind="trac", url=TRAC)
    return follower


@pytest.fixture
def gitlab(follower, settings):  # noqa: F811
    """A GitLab in which the follower's project lives."""
    server = GitLabServer("https://gitlab.example.org")
    settings.GITLAB_URLS = [server.url]
    settings.TRACKER_TRANSPORT = server.transport
    Tracker.objects.create(project=follower.site_project, kind="gitlab", url=f"{server.url}/tools/deep/lens")
    return server


def paste(membership, url):
    return paste_link(membership, url, by=membership.user).work_item
