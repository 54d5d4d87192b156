"""The files that a production site takes from here: judged by the programs that read them, where these are on the machine."""

import ast
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from gunicorn.config import Config

from tests.conftest import require_or_skip

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
SECRETS = ("SECRET_KEY=", "PASSWORD=", "TOKEN")


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
    for path in sorted((DEPLOY / "systemd").iterdir()):
        unit = tmp_path / path.name
        unit.write_text(path.read_text().replace("/srv/cohorts", str(site)))
        units.append(str(unit))
    assert len(units) == 7
    said = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False)
    faults = [line for line in said.stderr.splitlines() if str(tmp_path) in line or "cohorts-" in line]
    assert faults == []


def test_every_service_that_runs_our_code_is_locked_in():
    for path in sorted((DEPLOY / "systemd").glob("*.service")):
        text = path.read_text()
        if "/srv/cohorts/.venv" in text:
            for line in ("User=cohorts", "NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes", "UMask=0027"):
                assert line in text.splitlines(), (path.name, line)


def test_the_procfile_starts_what_there_is():
    commands = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert commands == {
        "web": "gunicorn config.wsgi",
        "worker": "python manage.py worker --concurrency 2",
        "release": "python manage.py migrate --no-input",
    }


def test_hadolint_finds_no_fault_with_the_container_file():
    program = Path(sys.executable).with_name("hadolint")
    if not program.exists():
        require_or_skip("hadolint, of the development packages")
    said = subprocess.run(
        [program, "--no-color", "--failure-threshold", "style", "-"],
        input=(ROOT / "Containerfile").read_text(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stdout) == (0, "")


def instructions() -> list[tuple[str, str]]:
    """Of the Containerfile: each with what follows it, continued lines put together."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Containerfile").read_text())
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line and not line.startswith("#")]


def test_the_image_runs_as_nobody_in_particular_and_says_whether_it_is_well():
    found = instructions()
    stages = [number for number, (word, _rest) in enumerate(found) if word == "FROM"]
    last = found[stages[-1] :]
    assert len(stages) == 2
    words = [word for word, _rest in last]
    assert ("USER", "10001") in last
    assert words.index("USER") < words.index("CMD")
    assert {"HEALTHCHECK", "VOLUME", "EXPOSE"} <= set(words)
    # Nothing of ours is left in a layer but the site itself.
    assert [rest for word, rest in last if word == "COPY"] == ["--from=build /site /site"]
    assert not any(secret in rest for word, rest in found for secret in SECRETS if word in {"ENV", "ARG"})
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".git", ".env", "*.env", "var", "media", "tests"} <= set(ignored)
    for word, rest in found:
        if word in {"CMD"}:
            assert ast.literal_eval(rest), rest


def test_the_services_of_the_compose_file_fit_together():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    services = compose["services"]
    assert {"db", "migrate", "web", "worker", "backup", "caddy"} == services.keys()
    volumes = {volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    assert {name for name in volumes if not name.startswith(".")} == compose["volumes"].keys()
    for name in ("migrate", "web", "worker", "backup"):
        service = services[name]
        assert (service["read_only"], service["cap_drop"], service["env_file"]) == (True, ["ALL"], "cohorts.env")
        assert set(service["depends_on"]) <= services.keys()
    for name in ("web", "worker"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    # Nothing but the web server in front is open to the world.
    for name, service in services.items():
        if name != "caddy":
            assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
    assert services["db"]["image"].split(":")[1].partition("-")[0] == "17"
    assert "postgresql-client-17" in (ROOT / "Containerfile").read_text()
    assert not re.search(r"(?i)(password|secret|token)\S*: *[\"']?[a-z0-9]{6,}", (ROOT / "compose.yaml").read_text())


def test_docker_reads_the_compose_file():
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not here.")
    said = subprocess.run(
        [docker, "compose", "--env-file", "/dev/null", "config", "--no-env-resolution", "--quiet"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "POSTGRES_PASSWORD": "x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr


def test_gunicorn_knows_each_of_its_settings(monkeypatch):
    monkeypatch.setenv("PORT", "9001")
    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    config = Config()
    for name, value in runpy.run_path(str(ROOT / "gunicorn.conf.py")).items():
        if not name.startswith("_") and name != "os":
            config.set(name, value)
    assert (config.workers, config.threads, config.bind, config.worker_class_str) == (3, 4, ["127.0.0.1:9001"], "gthread")


@pytest.mark.parametrize("name", ["Caddyfile", "nginx.conf"])
def test_web_servers_set_what_the_site_believes(name):
    text = (DEPLOY / name).read_text()
    assert "/metrics" in text
    assert re.search(r"45MB|45m", text)
    if name == "nginx.conf":
        assert "proxy_set_header X-Forwarded-For $remote_addr;" in text
        assert "$proxy_add_x_forwarded_for" not in text
        assert text.count("{") == text.count("}")


def test_every_file_that_the_page_names_is_there():
    page = ROOT / "docs" / "how-to" / "deploy.md"
    for target in re.findall(r"\]\(((?!http|#)[^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target
