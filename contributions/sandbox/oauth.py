"""GitHub's log-in: choose an account of the world, get a code, change it into a token, ask who it is."""

import base64
import hashlib
import secrets
from html import escape
from urllib.parse import urlencode

from .entities import Account
from .layout import page
from .messages import Reply, Request, json_reply, redirect_reply
from .world import World

MOST_SHOWN = 50


class SignIn:
    """`sign_in_as` is the login that is taken without asking; empty to show a page that asks."""

    def __init__(self, world: World, sign_in_as: str = "") -> None:
        self.world = world
        self.sign_in_as = sign_in_as
        self._codes: dict[str, tuple[Account, dict[str, str]]] = {}
        self._tokens: dict[str, Account] = {}

    def knows(self, token: str) -> bool:
        return token in self._tokens

    def handle(self, request: Request) -> Reply:
        """The reply for the addresses below `/login/`."""
        if request.path == "/login/oauth/authorize" and request.method == "GET":
            return self._authorize(request.query)
        if request.path == "/login/oauth/access_token" and request.method == "POST":
            return self._access_token(request)
        return page("Not found", "<h1>Not found</h1><p>There is nothing at this address.</p>", status=404)

    def account_reply(self, request: Request) -> Reply | None:
        """The reply for `/user` and `/user/emails` of a token that somebody got by signing in; None for all else."""
        account = self._tokens.get(request.token)
        if account is None or request.method != "GET":
            return None
        if request.path == "/user":
            return json_reply(
                200,
                {
                    "id": account.database_id,
                    "node_id": account.id,
                    "login": account.login,
                    "name": account.name,
                    "email": None,
                    "type": "User",
                    "html_url": account.url,
                    "avatar_url": "",
                },
            )
        if request.path == "/user/emails":
            return json_reply(200, [{"email": account.email, "primary": True, "verified": True, "visibility": "private"}])
        return None

    def _authorize(self, query: dict[str, str]) -> Reply:
        redirect_uri = query.get("redirect_uri", "")
        # A line end in the address would begin headers of its own, in the name of this computer.
        if not redirect_uri.startswith(("http://", "https://")) or not redirect_uri.isprintable() or not query.get("client_id"):
            return page("Wrong request", "<h1>Wrong request</h1><p>client_id or redirect_uri is missing.</p>", status=400)
        if query.get("deny"):
            return _back(redirect_uri, error="access_denied", state=query.get("state", ""))
        login = query.get("login") or self.sign_in_as
        account = self.world.account(login) if login else None
        if account is None or not account.email:
            return self._choose(query)
        code = secrets.token_hex(10)
        self._codes[code] = (account, query)
        return _back(redirect_uri, code=code, state=query.get("state", ""))

    def _choose(self, query: dict[str, str]) -> Reply:
        accounts = [each for each in self.world.accounts.values() if each.email and not each.deleted][:MOST_SHOWN]
        kept = {name: value for name, value in query.items() if name not in ("login", "deny")}

        def address(**more: str) -> str:
            return f"?{escape(urlencode(kept | more))}"

        people = "".join(
            f'<li><a href="{address(login=each.login)}">{escape(each.login)}'
            f"<span>{escape(each.name or '')}</span><span>{escape(each.email)}</span></a></li>"
            for each in accounts
        )
        body = (
            "<h1>As whom do you want to sign in?</h1><p>This is no real GitHub, and nobody asks for a password. The site that "
            f"sent you here learns the name and the address of the account that you choose.</p>"
            f'<ul class="people">{people}</ul><p><a class="button" href="{address(deny="1")}">Cancel</a></p>'
        )
        return page("Sign in", body)

    def _access_token(self, request: Request) -> Reply:
        form = request.form
        account, asked = self._codes.pop(form.get("code", ""), (None, {}))
        problem = ""
        if account is None:
            problem = "bad_verification_code"
        elif form.get("client_id") != asked["client_id"] or not form.get("client_secret"):
            problem = "incorrect_client_credentials"
        elif form.get("redirect_uri", asked["redirect_uri"]) != asked["redirect_uri"]:
            problem = "redirect_uri_mismatch"
        elif asked.get("code_challenge") and _challenge(form.get("code_verifier", "")) != asked["code_challenge"]:
            problem = "bad_verification_code"
        if account is None or problem:
            return _token_reply(request, {"error": problem, "error_description": "The code or the client is wrong."})
        token = f"gho_{secrets.token_hex(18)}"
        self._tokens[token] = account
        return _token_reply(request, {"access_token": token, "token_type": "bearer", "scope": asked.get("scope", "")})


def _token_reply(request: Request, data: dict[str, str]) -> Reply:
    """JSON for those who ask for it, a form for all others, as GitHub does; errors come with status 200 too."""
    if "json" in request.headers.get("accept", ""):
        return json_reply(200, data)
    return Reply(200, urlencode(data).encode(), {"content-type": "application/x-www-form-urlencoded"})


def _back(redirect_uri: str, **parameters: str) -> Reply:
    return redirect_reply(302, f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(parameters)}")


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
