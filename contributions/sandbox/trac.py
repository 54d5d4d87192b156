"""A small Trac beside the sandbox's GitHub: tickets as JSON, in the shape of Django's, and a page for each."""

import re
from dataclasses import dataclass, field
from html import escape
from typing import Any

from .layout import page, pill
from .messages import Reply, Request, json_reply
from .world import World

#: Below the sandbox's address: `TRAC_URL` is this, `TRAC_API_URL` the one below.
PATH, API_PATH = "/trac", "/trac/api"

IN_API = re.compile(rf"{API_PATH}/tickets/([0-9]+)/?")
ON_THE_WEB = re.compile(rf"{PATH}/ticket/([0-9]+)/?")


@dataclass
class Ticket:
    """`flags`: names of the check boxes that are ticked, such as `has_patch`."""

    number: int
    summary: str
    stage: str = "Unreviewed"
    flags: set[str] = field(default_factory=set)
    status: str = "new"
    resolution: str = ""

    def close(self, resolution: str = "fixed") -> None:
        self.status, self.resolution = "closed", resolution


def add_ticket(world: World, number: int, summary: str, **values: Any) -> Ticket:
    ticket = world.tickets[number] = Ticket(number, summary, **values)
    return ticket


def takes(request: Request) -> bool:
    return request.path == PATH or request.path.startswith(f"{PATH}/")


def reply(world: World, request: Request, *, site_url: str = "") -> Reply:
    """The JSON of a ticket, its page, or 404."""
    if request.method != "GET":
        return json_reply(405, {"detail": "Method not allowed"})
    if match := IN_API.fullmatch(request.path):
        ticket = world.tickets.get(int(match[1]))
        return json_reply(200, as_json(ticket)) if ticket else json_reply(404, {"detail": "Not found"})
    if match := ON_THE_WEB.fullmatch(request.path):
        ticket = world.tickets.get(int(match[1]))
        if ticket:
            return _page(ticket, site_url)
    return page("Not found", "<h1>Not found</h1><p>This Trac has no such page.</p>", status=404, site_url=site_url)


def as_json(ticket: Ticket) -> dict[str, Any]:
    """As Trac keeps it: check boxes are texts."""
    boxes = ("has_patch", "needs_better_patch", "needs_tests", "needs_docs", "easy", "ui_ux")
    return {
        "id": ticket.number,
        "type": "Bug",
        "summary": ticket.summary,
        "description": "",
        "severity": "Normal",
        "status": ticket.status,
        "resolution": ticket.resolution,
        "keywords": "",
        "custom": {box: "1" if box in ticket.flags else "0" for box in boxes} | {"stage": ticket.stage},
    }


def _page(ticket: Ticket, site_url: str) -> Reply:
    closed = ticket.status == "closed"
    state = pill("quiet", f"closed: {ticket.resolution}") if closed else pill("good", ticket.status)
    boxes = "".join(f"<li>{escape(flag.replace('_', ' '))}</li>" for flag in sorted(ticket.flags)) or "<li>nothing</li>"
    body = (
        f"<h1>{escape(ticket.summary)}</h1><p>{state} Ticket {ticket.number}, stage: {escape(ticket.stage)}</p>"
        f"<h2>Marked</h2><ul>{boxes}</ul>"
    )
    return page(f"Ticket {ticket.number}", body, site_url=site_url)
