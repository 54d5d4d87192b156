"""The sandbox: takes a request, keeps GitHub's rules, and gives the reply."""

import contextlib
import json
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from graphql import FieldNode

from contributions.github.cost import Cost, NotAllowed, estimate

from . import rest, trac
from .apps import App
from .execution import RateLimit, execute, format_error, load_schema, operation_of, read_document, variable_errors
from .faults import PRIMARY, Fault, Faults, reply_with
from .layout import STYLE_PATH, style_reply
from .messages import Reply, Request, json_reply
from .oauth import SignIn
from .playground import Playground
from .world import World

SEARCHES_A_MINUTE = 30


@dataclass
class LogEntry:
    """One request to the API. `operation` is the name of the document, or REST.

    `ids` is how many nodes or links it asks for; names that are looked up do not count.
    """

    method: str
    path: str
    operation: str = "REST"
    ids: int = 0
    points: int = 0
    nodes: int = 0
    status: int = 0
    fault: Fault | None = None


@dataclass
class Allowance:
    """What one token has of one resource: so much in each window of time."""

    limit: int
    window: timedelta
    used: int = 0
    reset_at: datetime | None = None

    def begin(self, now: datetime) -> datetime:
        """Start a window where none runs; returns its end."""
        if self.reset_at is None or now >= self.reset_at:
            self.used, self.reset_at = 0, (now + self.window).replace(microsecond=0)
        return self.reset_at

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)


class Sandbox:
    """An executable GitHub around a `World`.

    `log` holds every request to the API. `tokens`: the accepted ones, None for any. `latency` in seconds a request.
    `sign_in_as`: the login that signs in without being asked; else a small page asks. All of them may be changed at
    any time.

    `playground`: whether its web pages have forms with which visitors change the world. Then `site_url` is where a link leads
    back to, and `journal` a file that keeps what they did. `app`: a GitHub App, once `add_app` has set one up.
    """

    def __init__(
        self,
        world: World,
        *,
        faults: Faults | None = None,
        points_an_hour: int = 5000,
        tokens: set[str] | None = None,
        latency: float = 0.0,
        sign_in_as: str = "",
        playground: bool = False,
        site_url: str = "",
        journal: Path | None = None,
    ) -> None:
        self.world = world
        self.faults = faults or Faults()
        self.points_an_hour = points_an_hour
        self.tokens = tokens
        self.latency = latency
        self.sign_in = SignIn(world, sign_in_as)
        self.playground = Playground(world, is_open=playground, site_url=site_url, journal=journal)
        self.app: App | None = None
        self.log: list[LogEntry] = []
        self._allowances: dict[tuple[str, str], Allowance] = {}
        self._lock = threading.RLock()

    def add_app(self, app_id: int, public_key: str) -> App:
        """Set a GitHub App up that proves itself by the private half of this key (PEM). Install it before it can do anything."""
        self.app = App(self.world, app_id, public_key)
        return self.app

    @property
    def requests(self) -> int:
        return len(self.log)

    @property
    def points(self) -> int:
        return sum(entry.points for entry in self.log)

    def leave_points(self, remaining: int, *, token: str | None = None) -> None:
        """Let a token, or all that were seen, have only so many points until the end of the hour."""
        with self._lock:
            for (of, resource), allowance in self._allowances.items():
                if resource == "graphql" and token in (None, of):
                    allowance.begin(self.world.now)
                    allowance.used = allowance.limit - remaining
            if token is not None:
                allowance = self._allowance(token, "graphql")
                allowance.used = allowance.limit - remaining

    def handle(self, request: Request) -> Reply:
        """The reply to a request. Raises `NoReply` where a fault says that none comes."""
        if self.latency:
            time.sleep(self.latency)
        with self._lock:
            reply = self._handle(request)
        reply.headers.setdefault("date", format_datetime(self.world.now, usegmt=True))
        return reply

    def _handle(self, request: Request) -> Reply:
        if request.path.startswith("/login/"):
            return self.sign_in.handle(request)
        if request.path == STYLE_PATH:
            return style_reply()
        if trac.takes(request):
            return self._trac_reply(request)
        if self.playground.takes(request):
            return self.playground.handle(request)
        entry = LogEntry(request.method, request.path)
        self.log.append(entry)
        reply = self._api_reply(request, entry)
        entry.status = reply.status
        return reply

    def _trac_reply(self, request: Request) -> Reply:
        """Needs no token and has no limits of GitHub's; fails like everything else, as the operation `TRAC`."""
        entry = LogEntry(request.method, request.path, operation="TRAC")
        self.log.append(entry)
        entry.fault = self.faults.pick(len(self.log), entry.operation, 0)
        reply = reply_with(entry.fault, reset_at=self.world.now) if entry.fault else None
        reply = reply or trac.reply(self.world, request, site_url=self.playground.site_url)
        reply.is_cut_off = entry.fault == Fault.TRUNCATED
        entry.status = reply.status
        return reply

    def _api_reply(self, request: Request, entry: LogEntry) -> Reply:
        if not request.headers.get("user-agent"):
            return json_reply(403, {"message": "Request forbidden by administrative rules: the User-Agent is missing."})
        is_graphql = request.path == "/graphql" and request.method == "POST"
        body: Any = None
        if is_graphql:
            try:
                body = json.loads(request.body)
            except ValueError:
                body = None
            if not isinstance(body, dict):
                return json_reply(400, {"message": "Problems parsing JSON"})
            _describe(body, entry)
        elif request.path.startswith("/app/"):
            entry.operation = "APP"
        entry.fault = self.faults.pick(len(self.log), entry.operation, entry.ids)
        resource = "graphql" if is_graphql else "search" if request.path.startswith("/search/") else "core"
        allowance = self._allowance(request.token, resource)
        reset_at = allowance.begin(self.world.now)
        if entry.fault and (reply := reply_with(entry.fault, reset_at=reset_at)):
            return reply
        if entry.operation == "APP":
            reply = self.app.reply(request) if self.app else json_reply(404, rest.NOT_FOUND)
            reply.is_cut_off = entry.fault == Fault.TRUNCATED
            return reply
        if not self._accepts(request.token):
            return json_reply(401, {"message": "Bad credentials"})
        with self.app.sight_of(request.token) if self.app else contextlib.nullcontext():
            reply = self._answer(request, body, entry, allowance, reset_at)
        reply.headers |= {
            "x-ratelimit-limit": str(allowance.limit),
            "x-ratelimit-remaining": str(allowance.remaining),
            "x-ratelimit-used": str(allowance.used),
            "x-ratelimit-reset": str(int(reset_at.timestamp())),
            "x-ratelimit-resource": resource,
        }
        reply.is_cut_off = entry.fault == Fault.TRUNCATED
        return reply

    def _answer(self, request: Request, body: Any, entry: LogEntry, allowance: Allowance, reset_at: datetime) -> Reply:
        """The reply to a question of GraphQL (`body`) or REST (None), from the points that are left."""
        if body is not None:
            return self._graphql_reply(body, entry, allowance, reset_at)
        if allowance.remaining < 1:
            return json_reply(403, {"message": PRIMARY})
        allowance.used += 1
        return self.sign_in.account_reply(request) or rest.reply(self.world, request)

    def _graphql_reply(self, body: Any, entry: LogEntry, allowance: Allowance, reset_at: datetime) -> Reply:
        document, errors = read_document(str(body.get("query")))
        if document is None or errors:
            return json_reply(200, {"errors": [format_error(error) for error in errors]})
        variables = body.get("variables") or {}
        if wrong := variable_errors(document, variables):
            return json_reply(200, {"errors": [format_error(error) for error in wrong]})
        try:
            cost: Cost = estimate(load_schema(), document, variables)
        except NotAllowed as error:
            return json_reply(200, {"errors": [{"type": error.type, "message": error.message}]})
        if allowance.remaining < cost.points:
            allowance.used = allowance.limit
            return json_reply(200, {"errors": [{"type": "RATE_LIMITED", "message": PRIMARY}]})
        allowance.used += cost.points
        entry.points, entry.nodes = cost.points, cost.nodes
        rate_limit = RateLimit(cost.points, allowance.limit, allowance.remaining, allowance.used, cost.nodes, reset_at)
        return json_reply(200, execute(self.world, document, variables, rate_limit))

    def _allowance(self, token: str, resource: str) -> Allowance:
        key = (token, resource)
        if key not in self._allowances:
            a_minute = resource == "search"
            limit = SEARCHES_A_MINUTE if a_minute else self.points_an_hour if resource == "graphql" else 5000
            self._allowances[key] = Allowance(limit, timedelta(minutes=1) if a_minute else timedelta(hours=1))
            self._allowances[key].begin(self.world.now)
        return self._allowances[key]

    def _accepts(self, token: str) -> bool:
        if self.app is not None and self.app.made_token(token):
            return self.app.accepts(token)
        if token and self.tokens is None:
            return True
        return token in (self.tokens or ()) or self.sign_in.knows(token)


def _describe(body: Any, entry: LogEntry) -> None:
    """Note the name of the document, and how many nodes it asks for."""
    document, _ = read_document(str(body.get("query")))
    if document is None:
        return
    operation = operation_of(document)
    entry.operation = operation.name.value if operation.name else ""
    ids = (body.get("variables") or {}).get("ids")
    fields = [each for each in operation.selection_set.selections if isinstance(each, FieldNode)]
    links = sum(field.name.value == "resource" for field in fields)
    entry.ids = len(ids) if isinstance(ids, list) else links
