"""Does what a page of the documentation tells its reader to do, in an empty folder, and compares what comes of it.

What is done is marked by the first line of a block:

- `# path/of/a/file` (relative): the block is that file. `# at the end of path/of/a/file`: it is added to it.
- In a `console` block, lines with `$` are commands of the first terminal; what follows each is what it prints on standard output.
- `# second terminal` (or any other) in a `console` block: what goes on there. `^C` ends what runs, `$` starts something that
  stays, and all other lines come sooner or later, in whatever order.
- `# http://…`: what the page says sooner or later, without its tags.

`…` stands for anything: on a line of its own for any lines. All other blocks are only read.
"""

import html
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path

#: Seconds for one command, and until something happens in another terminal or on a page.
PATIENCE = 60

ANYTHING = "…"


@dataclass(frozen=True)
class Block:
    language: str
    first: str
    lines: list[str]
    #: Where it begins in the page, for messages.
    number: int


def blocks_of(text: str) -> list[Block]:
    """The fenced blocks of a page of Markdown; `first` is the text of a comment in their first line, which `lines` leave out."""
    found = []
    language, lines, began = None, [], 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```") and language is None:
            language, lines, began = line[3:].strip(), [], number
        elif line.startswith("```"):
            marked = bool(lines) and lines[0].startswith("# ")
            found.append(Block(language, lines[0][2:] if marked else "", lines[marked:], began))
            language = None
        elif language is not None:
            lines.append(line)
    return found


def pattern_of(line: str) -> str:
    return "[^\n]*".join(re.escape(part) for part in line.split(ANYTHING))


def agrees(expected: list[str], said: str) -> bool:
    """Whether a command said these lines, and nothing else."""
    pattern = "".join("(?:.*\n)*?" if line == ANYTHING else f"{pattern_of(line)}\n" for line in expected)
    text = "".join(f"{line.rstrip()}\n" for line in said.splitlines())
    return re.fullmatch(pattern, text) is not None


class Walkthrough:
    """The terminals, the browser and the folder of somebody who follows a page."""

    def __init__(self, folder: Path, environment: dict[str, str], port: int, name: str) -> None:
        self.folder = folder
        self.environment = environment | {"PYTHONUNBUFFERED": "1"}
        self.port = port
        self.name = name
        self.terminals: dict[str, Terminal] = {}
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def follow(self, text: str) -> int:
        """Do all of it. Returns how many blocks were not only read. Raises `AssertionError` at the first that is not true."""
        done = 0
        for block in blocks_of(
            text.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}").replace("runserver 8000", f"runserver {self.port}")
        ):
            done += self._do(block)
        return done

    def end(self) -> None:
        for terminal in self.terminals.values():
            terminal.kill()

    def _do(self, block: Block) -> bool:
        if block.first.endswith("terminal"):
            self._in_terminal(block)
        elif block.language == "console":
            self._commands(block)
        elif block.first.startswith("http://"):
            self._page(block)
        elif match := re.fullmatch(r"(at the end of )?([\w-][\w./-]*\.\w+)", block.first):
            path = self.folder / match[2]
            path.parent.mkdir(parents=True, exist_ok=True)
            text = "\n".join(block.lines) + "\n"
            path.write_text(f"{path.read_text()}\n\n{text}" if match[1] else text)
        else:
            return False
        return True

    def _fail(self, block: Block, text: str) -> None:
        raise AssertionError(f"{self.name}, line {block.number}: {text}")

    def _commands(self, block: Block) -> None:
        for command, expected in _sessions(block.lines):
            where = self.folder / ".folder"
            script = f"{command}\ncode=$?\npwd > '{where}'\nexit $code\n"
            done = subprocess.run(
                ["bash", "-c", script],
                cwd=self.folder,
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=PATIENCE * 2,
                check=False,
            )
            said = f"{done.stdout}\n{done.stderr}"
            # “degraded” is an answer, and has the exit code 1.
            if done.returncode and not ("manage.py health" in command and done.returncode == 1):
                self._fail(block, f"`{command}` ended with {done.returncode}:\n{said}")
            self.folder = Path(where.read_text().strip())
            where.unlink()
            if expected and not agrees(expected, done.stdout):
                self._fail(block, f"`{command}` did not say\n" + "\n".join(expected) + f"\nbut\n{said}")

    def _in_terminal(self, block: Block) -> None:
        terminal = self.terminals.setdefault(block.first, Terminal(self.folder / f".{block.first.replace(' ', '-')}.log"))
        awaited: list[str] = []
        for line in [*block.lines, ""]:
            if line.startswith("$ ") or line in {"", "^C"}:
                if missing := terminal.wait_for(awaited):
                    self._fail(block, f"The {block.first} never said\n{missing}\nbut\n{terminal.text()}")
                awaited = []
            if line == "^C":
                terminal.interrupt()
            elif line.startswith("$ "):
                terminal.start(line[2:], self.folder, self.environment)
            elif line and line != ANYTHING:
                awaited.append(line)

    def _page(self, block: Block) -> None:
        pattern = r"\s+".join(pattern_of(word) for word in " ".join(block.lines).split()).replace("[^\n]*", r"[\s\S]*?")
        deadline, text = time.monotonic() + PATIENCE, ""
        while time.monotonic() < deadline:
            text = self._read(block.first)
            if re.search(pattern, text):
                return
            time.sleep(0.1)
        self._fail(block, f"{block.first} does not say “{' '.join(block.lines)}” but\n{text}")

    def _read(self, address: str) -> str:
        with self.browser.open(address, timeout=10) as answer:
            page, url = answer.read().decode(), answer.url
        if "/login/" in url:
            # As the page before it asked the reader to do.
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
            fields = {"csrfmiddlewaretoken": token[1] if token else "", "username": "admin", "password": "a long password"}
            with self.browser.open(url, data=urllib.parse.urlencode(fields).encode(), timeout=10) as answer:
                page = answer.read().decode()
        return " ".join(html.unescape(re.sub(r"<(script|style)[\s\S]*?</\1>|<[^>]*>", " ", page)).split())


def _sessions(lines: list[str]) -> list[tuple[str, list[str]]]:
    """Each command with the lines that are expected of it."""
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


class Terminal:
    """One in which something goes on. What it says is kept in a file."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.process: subprocess.Popen | None = None
        #: How many lines there were when the last command began, and which of those since a block has seen already.
        self.begin = 0
        self.taken: set[int] = set()

    def start(self, command: str, folder: Path, environment: dict[str, str]) -> None:
        assert self.process is None or self.process.poll() is not None, (
            "Something runs in this terminal; the page must stop it first."
        )
        self.begin = len(self.text().splitlines())
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                ["bash", "-c", f"exec {command}"], cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def interrupt(self) -> None:
        """What Ctrl-C does: a signal to all that runs in front."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(PATIENCE)

    def kill(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)

    def text(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def wait_for(self, expected: list[str]) -> str:
        """Wait until each line was said. Returns the first that never was; empty where all were."""
        deadline, missing = time.monotonic() + PATIENCE, ""
        while True:
            lines = self.text().splitlines()
            taken = set(self.taken)
            missing = ""
            for one in expected:
                pattern = re.compile(pattern_of(one))
                free = (n for n in range(self.begin, len(lines)) if n not in taken and pattern.fullmatch(lines[n].rstrip()))
                number = next(free, None)
                if number is None:
                    missing = one
                    break
                taken.add(number)
            if not missing:
                self.taken = taken
                return ""
            if time.monotonic() > deadline:
                return missing
            time.sleep(0.1)
