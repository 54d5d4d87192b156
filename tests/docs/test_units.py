"""The units of the documentation are units: systemd itself says so, and each line of the Procfile names a program that exists."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .walkthrough import blocks_of

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
PAGE = DOCS / "how-to" / "run-in-production.md"


def test_systemd_finds_no_fault_with_the_units(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here.")
    site = tmp_path / "site"
    for name in ("python", "gunicorn"):
        program = site / ".venv" / "bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    units = []
    for block in blocks_of(PAGE.read_text()):
        if block.first.startswith("/etc/systemd/system/"):
            unit = tmp_path / Path(block.first).name
            unit.write_text("\n".join(block.lines).replace("/srv/cohorts", str(site)) + "\n")
            units.append(str(unit))
    assert len(units) == 5
    said = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False)
    faults = [line for line in said.stderr.splitlines() if str(tmp_path) in line or "cohorts-" in line]
    assert faults == []


def test_the_procfile_starts_the_web_server_and_the_worker():
    lines = next(block.lines for block in blocks_of(PAGE.read_text()) if block.lines and block.lines[0].startswith("web: "))
    commands = dict(line.split(": ", 1) for line in lines)
    assert commands.keys() == {"web", "worker"}
    assert commands["worker"].startswith("python manage.py worker")
    assert re.match(r"gunicorn config\.wsgi ", commands["web"])
