"""A request and its reply, whichever way they travel."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """`headers` have lower-case names; `path` has no query and no prefix of GitHub Enterprise."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        path = urlsplit(self.url).path
        if path == "/api/graphql":
            return "/graphql"
        return path.removeprefix("/api/v3") or "/"

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query))

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form, or of a JSON object."""
        if "json" in self.headers.get("content-type", ""):
            return dict(json.loads(self.body or b"{}"))
        return dict(parse_qsl(self.body.decode(errors="replace")))

    @property
    def token(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() in ("bearer", "token") else ""


@dataclass
class Reply:
    """`is_cut_off`: the body shall not arrive as a whole."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    is_cut_off: bool = False


class NoReply(Exception):
    """The request gets no reply: `is_timeout`, or the connection is refused."""

    def __init__(self, *, is_timeout: bool) -> None:
        super().__init__("no reply")
        self.is_timeout = is_timeout


def json_reply(status: int, data: Any, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(data).encode(), {"content-type": "application/json; charset=utf-8"} | named)


def html_reply(status: int, text: str) -> Reply:
    return Reply(status, text.encode(), {"content-type": "text/html; charset=utf-8"})


def redirect_reply(status: int, location: str) -> Reply:
    return Reply(status, b"", {"location": location})
