"""An OAuth 2 authority on loopback: the device flow (RFC 8628), renewal with rotation, introspection for Dovecot."""

from __future__ import annotations

import contextlib
import http.server
import json
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

CLIENT = "an-example-client"


@dataclass
class Authority:
    """What it has given out, and how it behaves; tests change it as they like."""

    port: int = 0
    user: str = "ruth"
    lasts_s: int = 3600
    polls_until_confirmed: int = 2
    says_no: str = ""
    """An error that the token endpoint answers in place of a token."""
    active: set[str] = field(default_factory=set)
    refresh_tokens: set[str] = field(default_factory=set)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _polls: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> str:
        """A table for standfast.toml."""
        return (
            f'\n[oauth.local]\nclient_id = "{CLIENT}"\ndevice_url = "{self.url}/device"\n'
            f'token_url = "{self.url}/token"\nscopes = ["imap", "offline"]\n'
        )

    def answer(self, path: str, asked: dict[str, str], bearer: str) -> tuple[int, dict[str, object]]:
        """One answer: status and document."""
        self.asked.append((path, asked))
        if path == "/introspect":
            return 200, {"active": bearer in self.active, "username": self.user}
        if asked.get("client_id") != CLIENT:
            return 401, {"error": "invalid_client"}
        if path == "/device":
            device = {"device_code": "the-device-code", "user_code": "WDJB-MJHT", "expires_in": 60, "interval": 0}
            return 200, {**device, "verification_uri": f"{self.url}/confirm"}
        if self.says_no:
            return 400, {"error": self.says_no, "error_description": "the person said no"}
        if asked.get("grant_type") == "refresh_token":
            if asked.get("refresh_token") not in self.refresh_tokens:
                return 400, {"error": "invalid_grant"}
            self.refresh_tokens.discard(asked["refresh_token"])
            return 200, self._token()
        if asked.get("device_code") != "the-device-code":
            return 400, {"error": "invalid_grant"}
        self._polls += 1
        if self._polls <= self.polls_until_confirmed:
            return 400, {"error": "authorization_pending"}
        return 200, self._token()

    def _token(self) -> dict[str, object]:
        token, refresh = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        self.active.add(token)
        self.refresh_tokens.add(refresh)
        return {
            "access_token": token,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": str(self.lasts_s),  # as text, as some do
        }


@contextlib.contextmanager
def running_authority() -> Iterator[Authority]:
    """Runs as long as the context does."""
    authority = Authority()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            self._reply({name: values[0] for name, values in parse_qs(raw).items()})

        def do_GET(self) -> None:
            self._reply({})

        def _reply(self, asked: dict[str, str]) -> None:
            bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, document = authority.answer(self.path, asked, bearer)
            raw = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    authority.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield authority
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
