"""A GitHub App: proven by a signed token, installed for accounts, and given tokens of an hour for each installation."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt

from .entities import Account
from .messages import Reply, Request, json_reply
from .rest import NOT_FOUND
from .world import World

LIVES_FOR = timedelta(hours=1)
LONGEST_PROOF = timedelta(minutes=10)
#: A clock that is a little before GitHub's does no harm.
TOLERATED = timedelta(seconds=30)

TOKENS = re.compile(r"/app/installations/(\d+)/access_tokens")


@dataclass
class Installation:
    """Where an App is installed. `is_suspended`: its owner has stopped it for a while."""

    id: int
    account: Account
    is_suspended: bool = False


class App:
    """An App with the public half of its key (PEM). `made` counts the tokens that were made for installations."""

    def __init__(self, world: World, app_id: int, public_key: str) -> None:
        self.world = world
        self.app_id = app_id
        self.public_key = public_key
        self.installations: dict[int, Installation] = {}
        self.made = 0
        self._tokens: dict[str, tuple[int, datetime]] = {}

    def install(self, login: str) -> Installation:
        """Install it for an account, which becomes an organization where there is none."""
        account = self.world.account(login) or self.world.add_organization(login)
        installation = Installation(self.world.new_id(), account)
        self.installations[installation.id] = installation
        return installation

    def uninstall(self, installation: Installation) -> None:
        del self.installations[installation.id]

    def revoke_tokens(self) -> None:
        """All tokens that were made are refused from now on."""
        self._tokens.clear()

    def takes(self, request: Request) -> bool:
        return request.path.startswith("/app/")

    def made_token(self, token: str) -> bool:
        """Whether a token looks like one of an installation, good or not."""
        return token.startswith("ghs_")

    def accepts(self, token: str) -> bool:
        installation_id, ends_at = self._tokens.get(token, (0, self.world.now))
        installation = self.installations.get(installation_id)
        return ends_at > self.world.now and installation is not None and not installation.is_suspended

    def reply(self, request: Request) -> Reply:
        """The reply for an address below `/app/`, to whoever proves to be the App."""
        problem = self._problem(request.token)
        if problem:
            return json_reply(401, {"message": problem})
        if request.method == "GET" and request.path == "/app/installations":
            size, number = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
            rows = [_row(each) for _id, each in sorted(self.installations.items())]
            return json_reply(200, rows[size * (number - 1) : size * number])
        match = TOKENS.fullmatch(request.path)
        installation = self.installations.get(int(match[1])) if match and request.method == "POST" else None
        if installation is None:
            return json_reply(404, NOT_FOUND)
        if installation.is_suspended:
            return json_reply(403, {"message": "This installation has been suspended"})
        self.made += 1
        token, ends_at = f"ghs_{secrets.token_hex(18)}", (self.world.now + LIVES_FOR).replace(microsecond=0)
        self._tokens[token] = (installation.id, ends_at)
        body = {
            "token": token,
            "expires_at": ends_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "permissions": {"issues": "read", "metadata": "read", "pull_requests": "read"},
            "repository_selection": "all",
        }
        return json_reply(201, body)

    @contextmanager
    def sight_of(self, token: str) -> Iterator[None]:
        """In the block the world is as the token sees it: private repositories only where the App is installed."""
        installation_id, _ends_at = self._tokens.get(token, (0, None))
        installation = self.installations.get(installation_id)
        hidden = [
            repository
            for repository in self.world.repositories.values()
            if installation and repository.is_visible and repository.is_private and repository.owner is not installation.account
        ]
        for repository in hidden:
            repository.is_visible = False
        try:
            yield
        finally:
            for repository in hidden:
                repository.is_visible = True

    def _problem(self, proof: str) -> str:
        """What is wrong with a signed token, or nothing. Times are compared with the world's clock."""
        try:
            options: Any = {"verify_exp": False, "verify_iat": False, "require": ["iat", "exp", "iss"]}
            claims = jwt.decode(proof, self.public_key, algorithms=["RS256"], options=options)
        except jwt.InvalidTokenError:
            return "A JSON web token could not be decoded"
        now = self.world.now.timestamp()
        if str(claims["iss"]) != str(self.app_id):
            return "Integration not found"
        if claims["exp"] > now + LONGEST_PROOF.total_seconds() + TOLERATED.total_seconds():
            return "'Expiration time' claim ('exp') is too far in the future"
        if claims["exp"] <= now:
            return "'Expiration time' claim ('exp') must be a numeric value representing the future time"
        if claims["iat"] > now:
            return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        return ""


def _row(installation: Installation) -> dict[str, Any]:
    account = installation.account
    return {
        "id": installation.id,
        "account": {"login": account.login, "id": account.database_id, "type": account.typename},
        "repository_selection": "all",
        "target_type": account.typename,
        "permissions": {"issues": "read", "metadata": "read", "pull_requests": "read"},
        "suspended_at": "2026-01-01T00:00:00Z" if installation.is_suspended else None,
    }
