"""What an installation relies on: the checks are clean, static files are hashed, errors have pages."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import path

from .test_environment import COMPLETE, PRODUCTION, manage


def test_the_deployment_check_has_nothing_to_say(tmp_path):
    done = manage("check", "--deploy", "--fail-level", "DEBUG", **COMPLETE)
    assert (done.returncode, done.stderr) == (0, "")


def test_static_files_are_collected_under_names_that_change_with_them(tmp_path):
    code = (
        "from django.conf import settings; settings.STATIC_ROOT = r'{}';"
        "from django.core.management import call_command; call_command('collectstatic', interactive=False, verbosity=0);"
        "from django.templatetags.static import static; print(static('css/site.css'))"
    ).format(tmp_path / "static")
    done = manage("shell", "-v0", "-c", code, **PRODUCTION)
    assert done.returncode == 0, done.stderr
    address = done.stdout.strip()
    assert re.fullmatch(r"/static/css/site\.[0-9a-f]{12}\.css", address)
    collected = tmp_path / "static" / "css" / Path(address).name
    assert collected.exists()
    assert collected.with_name(collected.name + ".gz").exists()


def test_every_change_of_a_model_has_its_migration():
    done = manage("makemigrations", "--check", "--dry-run", DEBUG="1", DATABASE_URL=PRODUCTION["DATABASE_URL"])
    assert done.returncode == 0, done.stdout


def fail(request):
    raise RuntimeError("a mistake")


urlpatterns = [path("fail/", fail)]


class TestErrorPages:
    @pytest.mark.django_db
    def test_a_page_that_is_not_there(self, client):
        answer = client.get("/nothing/here/")
        assert answer.status_code == 404
        assert b"<h1" in answer.content

    @override_settings(ROOT_URLCONF="tests.config.test_production")
    def test_a_mistake_of_ours_has_a_page_that_needs_nothing(self):
        answer = Client(raise_request_exception=False).get("/fail/")
        assert answer.status_code == 500
        assert b"<h1" in answer.content
        assert b"a mistake" not in answer.content

    @pytest.mark.django_db
    def test_a_form_without_its_token_is_explained(self):
        answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "a@example.org"})
        assert answer.status_code == 403
        assert b"<h1" in answer.content

    @pytest.mark.django_db
    def test_a_host_that_is_not_ours(self, client):
        assert client.get("/", HTTP_HOST="elsewhere.example.com").status_code == 400

    def test_no_page_has_more_than_one_first_heading(self):
        for name in ("400", "403", "403_csrf", "404", "500"):
            text = (settings.BASE_DIR / "templates" / f"{name}.html").read_text()
            assert text.count("<h1") == 1, name
