"""A process of its own beside the test, on the same database: for what happens when one is killed."""

import os
import subprocess
import sys

from django.conf import settings
from django.db import connection


def start_process(code: str, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Run `code` in a Python that has the database of this test, these environment `variables` and nothing else of ours.

    What it prints can be read from `stdout`.
    """
    database = connection.settings_dict["NAME"]
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    needed = {
        "DEBUG": "1",
        "DATABASE_URL": f"sqlite:///{database}" if connection.vendor == "sqlite" else f"{server}/{database}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, env=kept | needed | variables, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True)
