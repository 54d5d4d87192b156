"""A GitHub log-in that is strict about what GitHub is strict about: codes work once, PKCE and redirect addresses must fit."""

import base64
import hashlib
import json
import secrets
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit


@dataclass
class FakeAccount:
    """Who is logged in at the fake GitHub. `emails` are pairs of an address and whether GitHub has confirmed it."""

    id: int = 4242
    login: str = "octo"
    name: str | None = "Octo Cat"
    emails: list[tuple[str, bool]] = field(default_factory=lambda: [("octo@example.org", True)])


class FakeGitHubLogin:
    """Serves `/login/oauth/…` and `/api/v3/user` on a port of this machine. Use as a context manager."""

    def __init__(self) -> None:
        self.account = FakeAccount()
        self.denies = False
        self.asked: list[dict[str, str]] = []
        self.problems: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._tokens: set[str] = set()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                fake._get(self)

            def do_POST(self):
                fake._post(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *exc_info):
        self._server.shutdown()
        self._server.server_close()

    def authorize(self, address: str) -> str:
        """What a browser gets when it opens `address`: the address that it is sent back to."""
        query = dict(parse_qsl(urlsplit(address).query))
        self.asked.append(query)
        back = {"state": query.get("state", "")}
        if self.denies:
            return f"{query['redirect_uri']}?{urlencode(back | {'error': 'access_denied'})}"
        code = secrets.token_hex(8)
        self._codes[code] = query
        return f"{query['redirect_uri']}?{urlencode(back | {'code': code})}"

    def _get(self, handler):
        path = urlsplit(handler.path).path
        if path == "/login/oauth/authorize":
            handler.send_response(302)
            handler.send_header("Location", self.authorize(handler.path))
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        if handler.headers.get("Authorization", "").rpartition(" ")[2] not in self._tokens:
            _answer(handler, {"message": "Bad credentials"}, 401)
        elif path == "/api/v3/user":
            account = self.account
            _answer(handler, {"id": account.id, "login": account.login, "name": account.name, "email": None, "html_url": ""})
        elif path == "/api/v3/user/emails":
            emails = [
                {"email": address, "primary": number == 0, "verified": verified}
                for number, (address, verified) in enumerate(self.account.emails)
            ]
            _answer(handler, emails)
        else:
            _answer(handler, {"message": "Not Found"}, 404)

    def _post(self, handler):
        form = dict(parse_qsl(handler.rfile.read(int(handler.headers.get("Content-Length", 0))).decode()))
        asked = self._codes.pop(form.get("code", ""), None)
        problem = _problem(asked, form)
        if problem:
            self.problems.append(problem)
            _answer(handler, {"error": problem})
            return
        token = f"gho_{secrets.token_hex(12)}"
        self._tokens.add(token)
        _answer(handler, {"access_token": token, "token_type": "bearer", "scope": asked.get("scope", "")})


def _problem(asked, form) -> str:
    if asked is None:
        return "bad_verification_code"
    if form.get("client_id") != asked.get("client_id") or not form.get("client_secret"):
        return "incorrect_client_credentials"
    if form.get("redirect_uri") != asked["redirect_uri"]:
        return "redirect_uri_mismatch"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
    if asked.get("code_challenge_method") != "S256" or challenge != asked.get("code_challenge"):
        return "bad_code_verifier"
    return ""


def _answer(handler, value, status=200):
    body = json.dumps(value).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
