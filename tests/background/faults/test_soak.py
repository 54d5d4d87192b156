"""A short soak; `bench/soak.py` does it for minutes."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

pytestmark = pytest.mark.real_process


def test_ten_kills_at_random_moments_change_nothing():
    script = Path(settings.BASE_DIR) / "bench" / "soak.py"
    done = subprocess.run(
        [sys.executable, script, "--kills", "10", "--database", connection.vendor],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 kills" in done.stdout
