"""The how-to on testing tasks: its examples make a project of their own, and its tests pass there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

HOW_TO = Path(settings.BASE_DIR) / "docs" / "how-to" / "test-background-tasks.md"

#: What a reader has already.
AROUND = {
    "shop_site/__init__.py": "",
    "shop_site/settings.py": """
SECRET_KEY = "test"
INSTALLED_APPS = ["django.contrib.contenttypes", "django_tasks_db", "background", "shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
DEFAULT_FROM_EMAIL = "shop@example.org"
USE_TZ = True
""",
    "shop/__init__.py": "",
    "shop/models.py": """
from django.db import models


class Order(models.Model):
    email = models.EmailField()
    total = models.IntegerField()
    points = models.IntegerField(default=0)
    paid_at = models.DateTimeField(null=True)
""",
    "shop/payments.py": """
from django.utils import timezone


class Busy(Exception):
    pass


class bank:
    busy_until = None


def charge(order_id):
    if bank.busy_until is not None and timezone.now() < bank.busy_until:
        raise Busy
""",
    "pytest.ini": """
[pytest]
DJANGO_SETTINGS_MODULE = shop_site.settings
pythonpath = .
python_files = test_*.py
filterwarnings = error
""",
}


def files_of(text):
    """The examples, by the path in their first line."""
    blocks = re.findall(r"^```python\n# (\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == len(re.findall(r"^```python$", text, re.MULTILINE)), "An example names no file."
    return dict(blocks)


def python(folder, *arguments, **variables):
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=keep | {"PYTHONPATH": str(settings.BASE_DIR), "PYTHONDONTWRITEBYTECODE": "1"} | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.real_process
class TestExamples:
    def follow(self, folder, *arguments, **changes):
        write(folder, AROUND | files_of(HOW_TO.read_text()) | changes)
        done = python(folder, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--rootdir=.", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def test_they_pass_with_the_settings_of_production(self, tmp_path):
        assert "12 passed" in self.follow(tmp_path)

    def test_they_pass_with_the_settings_of_tests(self, tmp_path):
        assert "12 passed" in self.follow(tmp_path, "--ds=test_settings")

    def test_the_message_is_as_it_is_shown(self, tmp_path):
        (shown,) = re.findall(r"^```text\n(.*?)^```$", HOW_TO.read_text(), re.MULTILINE | re.DOTALL)
        script = """
import datetime, django
django.setup()
from background.testing import Tasks
from shop.tasks import send_receipt, take_payment
tasks = Tasks()
send_receipt.enqueue(12, copy=True)
later = datetime.datetime(2030, 5, 1, 12, tzinfo=datetime.UTC)
take_payment.using(queue_name="payments", run_after=later).enqueue(12)
try:
    tasks.assert_enqueued(send_receipt, 13)
except AssertionError as error:
    print(error)
"""
        files = files_of(HOW_TO.read_text())
        files["test_settings.py"] += 'TASKS["default"]["QUEUES"] = ["default", "payments"]\n'
        write(tmp_path, AROUND | files)
        done = python(tmp_path, "-c", script, DJANGO_SETTINGS_MODULE="test_settings", PYTHONIOENCODING="utf-8")
        assert done.stdout == shown, done.stderr


@pytest.mark.real_process
def test_a_project_without_the_app_and_without_a_database(tmp_path):
    files = {
        "settings.py": "SECRET_KEY = 'test'\n",
        "conftest.py": 'pytest_plugins = ["background.testing.plugin"]\n',
        "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = settings\npythonpath = .\nfilterwarnings = error\n",
        "jobs.py": "from django.tasks import task\ndone = []\n@task\ndef note(what):\n    done.append(what)\n    1 / len(what)\n",
        "test_jobs.py": """
import datetime
import pytest
from django.utils import timezone
from jobs import done, note

def test_a_task(tasks):
    note.using(run_after=timezone.now() + datetime.timedelta(hours=1)).enqueue("a")
    assert tasks.run() == []
    tasks.lose_worker(note)
    assert [run.state for run in tasks.run(until=datetime.timedelta(hours=2))] == ["lost", "succeeded"]
    assert done == ["a", "a"]
    note.enqueue("")
    with pytest.raises(ZeroDivisionError):
        tasks.run()
    with pytest.raises(AssertionError, match="Schedules are remembered in the database"):
        tasks.run_schedules()
""",
    }
    write(tmp_path, files)
    done = python(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.")
    assert done.returncode == 0, done.stdout + done.stderr
