"""`.ci/audit`: a finding fails, and a service that cannot be reached is said to have said nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).resolve().parents[2] / ".ci" / "audit"
WELL = {"name": "django", "version": "6.1.3", "vulns": []}
WEAK = {"name": "nh3", "version": "0.1", "vulns": [{"id": "PYSEC-2099-1", "fix_versions": ["0.2"]}]}
UNKNOWN = {"name": "huey", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("reports", "stderr", "code", "said"),
    [
        ({"osv": [WELL, WEAK]}, "", 1, "nh3 0.1: PYSEC-2099-1 (versions without it: 0.2)"),
        ({"osv": [WELL, UNKNOWN]}, "", 0, "No weakness is known in 1 packages (osv)"),
        ({"pypi": [WEAK]}, "requests.exceptions.ConnectionError: x", 1, "PYSEC-2099-1"),
        ({"pypi": [UNKNOWN]}, "requests.exceptions.ConnectionError: x", 0, "was NOT looked up"),
        ({}, "requests.exceptions.ConnectTimeout: x", 0, "was NOT looked up"),
        ({}, "TypeError: what we asked was nonsense", 1, "nonsense"),
    ],
)
def test_what_fails_and_what_goes_on(tmp_path, reports, stderr, code, said):
    (tmp_path / "reports.json").write_text(json.dumps(reports))
    programs = {
        "uv": "",
        "pip-audit": "import json, sys\n"
        f"reports = json.load(open({str(tmp_path / 'reports.json')!r}))\n"
        "service = sys.argv[sys.argv.index('--vulnerability-service') + 1]\n"
        f"if service not in reports:\n    sys.exit({stderr!r})\n"
        "json.dump({'dependencies': reports[service]}, open(sys.argv[sys.argv.index('--output') + 1], 'w'))\n",
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!{sys.executable} -S\n{text}")
        (tmp_path / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([sys.executable, AUDIT], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, said in done.stdout + done.stderr) == (code, True), done
