"""The callback of a sign-in: a small web server on 127.0.0.1 that takes one answer.

Sources: RFC 8252, section 7.3 (loopback redirection) and 8.3 (only the loopback interface).
"""

from __future__ import annotations

import contextlib
import errno
import queue
import socketserver
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from xswitch.core.errors import ErrorCode
from xswitch.core.errors.sso import sign_in_error
from xswitch.core.model import Secret, SsoSession
from xswitch.core.sso.authorization import (
    CALLBACK_PATH,
    AnswerKind,
    CallbackAnswer,
    parse_answer,
    redirect_uri,
)

LOOPBACK = "127.0.0.1"
_BIND_TRIES = 5
_REQUEST_SECONDS = 5.0
_POLL_SECONDS = 0.05
_PAGES = {
    AnswerKind.CODE: (
        200,
        "xswitch has the answer.",
        "You can close this window and go back to the terminal.",
    ),
    AnswerKind.ERROR: (
        200,
        "The sign-in was refused.",
        "The terminal says why; you can close this window.",
    ),
    AnswerKind.WRONG_STATE: (
        400,
        "This answer doesn't belong to the sign-in.",
        "xswitch didn't use it. Start the sign-in again from the terminal.",
    ),
}
_REPEATED = (
    409,
    "This sign-in has already been answered.",
    "The second answer wasn't used; you can close this window.",
)
_NOT_FOUND = (404, "Nothing is here.", "xswitch is waiting for the answer of a sign-in.")
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>xswitch</title>'
    '<body style="font-family:sans-serif;max-width:36em;margin:4em auto">'
    "<h1>{}</h1><p>{}</p></body></html>\n"
)


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = False
    request_queue_size = 16

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that breaks off: its request may hold the code."""


class LoopbackCallback:
    """Implements `actions.sso.sign_in_ports.Callback`."""

    def __init__(self, state: Secret) -> None:
        self.redirect_uri = ""
        self.repeated = 0
        self._state = state
        self._answers: queue.SimpleQueue[CallbackAnswer] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._answered = False

    def wait(self, seconds: float) -> CallbackAnswer | None:
        """Return the answer, None if there is none within some seconds."""
        with contextlib.suppress(queue.Empty):
            return self._answers.get(timeout=max(0.0, seconds))
        return None

    def page_for(self, target: str) -> tuple[int, str, str]:
        """Take the answer in a request's target; return the page: status, heading, text."""
        parts = urlsplit(target)
        if parts.path != CALLBACK_PATH:
            return _NOT_FOUND
        answer = parse_answer(parts.query, self._state)
        if answer.kind is AnswerKind.NONE:
            return _NOT_FOUND
        with self._lock:
            if self._answered:
                self.repeated += 1
                return _REPEATED
            self._answered = True
        self._answers.put(answer)
        return _PAGES[answer.kind]


class _Handler(BaseHTTPRequestHandler):
    timeout = _REQUEST_SECONDS
    server_version = "xswitch"
    sys_version = ""

    def __init__(self, callback: LoopbackCallback, *arguments: Any) -> None:
        self._callback = callback
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Take the answer; the page holds nothing of it."""
        try:
            status, heading, text = self._callback.page_for(self.path)
        except ValueError:  # not a URL
            status, heading, text = _NOT_FOUND
        page = _PAGE.format(heading, text).encode()
        self.send_response(status)
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(page))),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
            ("X-Content-Type-Options", "nosniff"),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: Any) -> None:
        """Log nothing: a request holds the code."""


class LoopbackCallbacks:
    """Implements `actions.sso.sign_in_ports.Callbacks`, each on a port of 127.0.0.1 only."""

    def __init__(self, make_server: Callable[..., Any] = _Server) -> None:
        self._make_server = make_server

    @contextlib.contextmanager
    def listen(self, session: SsoSession, state: Secret) -> Iterator[LoopbackCallback]:
        """Listen while the context lasts; nothing listens after it. Raises SignInError."""
        callback = LoopbackCallback(state)
        server = self._bind(session, callback)
        callback.redirect_uri = redirect_uri(server.server_address[1])
        thread = threading.Thread(
            target=partial(server.serve_forever, _POLL_SECONDS),
            name="xswitch-callback",
            daemon=True,
        )
        try:
            thread.start()
            yield callback
        finally:
            if thread.ident is not None:
                server.shutdown()
                thread.join()
            server.server_close()

    def _bind(self, session: SsoSession, callback: LoopbackCallback) -> Any:
        """Bind a port that the system chooses; one that was taken meanwhile is tried again."""
        for attempt in range(_BIND_TRIES):
            try:
                return self._make_server((LOOPBACK, 0), partial(_Handler, callback))
            except OSError as error:
                if error.errno != errno.EADDRINUSE or attempt == _BIND_TRIES - 1:
                    reason = (error.strerror or "the system refused it").lower()
                    raise sign_in_error(
                        session.label, ErrorCode.SSO_NO_PORT, detail=reason
                    ) from None
        raise AssertionError
