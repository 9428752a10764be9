"""Approves a sign-in to an embedded Identity Center where there is no browser to open its page."""

from __future__ import annotations

import http.client
from contextlib import closing
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http import HTTPStatus
from urllib.parse import urlencode, urljoin, urlsplit

from xswitch.core.display import show_value
from xswitch.core.errors import UsageError

_PATHS = frozenset({"/authorize", "/device"})
_HOSTS = frozenset({"127.0.0.1", "localhost"})
_SECONDS = 10.0
_MOST_BYTES = 1_000_000


@dataclass
class _Form(HTMLParser):
    """The form of a page: its hidden fields, who can sign in, and where it is sent."""

    fields: dict[str, str] = field(default_factory=dict)
    users: list[str] = field(default_factory=list)
    action: str | None = None
    error: str = ""
    _in_error: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what the form needs."""
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and values.get("method") == "post":
            self.action = values.get("action", "")
        elif tag == "input" and values.get("type") == "hidden":
            self.fields[values.get("name", "")] = values.get("value", "")
        elif tag == "option":
            self.users.append(values.get("value", ""))
        self._in_error = values.get("id") == "error"

    def handle_data(self, data: str) -> None:
        """Take the text of an error."""
        if self._in_error:
            self.error += data


def approve(url: str, user: str = "") -> str:
    """Approve the sign-in that a URL of an embedded AWS leads to; return who signed in.

    `user` is one of those that its page offers, "" the first. Only pages on this machine are
    opened. Raises UsageError.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in _HOSTS or parts.path not in _PATHS:
        raise UsageError(
            f"{show_value(url)} isn't a sign-in of an embedded AWS.",
            why="Such a URL starts with http://127.0.0.1, and has a code or a state.",
            next_step="xswitch demo --help",
            code="demo_approval",
        )
    page, _ = _fetch(url)
    form = _Form()
    form.feed(page)
    if form.action is None:
        raise _refused(form.error)
    if user and user not in form.users:
        raise UsageError(
            f"{show_value(user)} can't sign in there.",
            why=f"Those who can are {', '.join(map(show_value, form.users))}.",
            next_step="xswitch demo --help",
            code="demo_approval",
        )
    chosen = user or next(iter(form.users), "")
    answer, location = _fetch(
        urljoin(url, form.action), {**form.fields, "user": chosen, "decision": "approve"}
    )
    if location:
        _fetch(location)  # xswitch itself listens there, as for a browser
    elif "id=done" not in answer:
        refused = _Form()
        refused.feed(answer)
        raise _refused(refused.error)
    return chosen


def _refused(why: str) -> UsageError:
    return UsageError(
        "The sign-in can't be approved.",
        why=why or "Its page has no form.",
        next_step="Start the sign-in again, and approve it while it waits.",
        code="demo_approval",
    )


def _fetch(url: str, fields: dict[str, str] | None = None) -> tuple[str, str]:
    """Return a page of this machine, and where it redirects to."""
    parts = urlsplit(url)
    if parts.hostname not in _HOSTS:
        raise _refused("Its page leads away from this machine.")
    target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    form = None if fields is None else urlencode(fields)
    headers = {} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_SECONDS)
        with closing(connection):
            connection.request("GET" if form is None else "POST", target, form, headers)
            answer = connection.getresponse()
            body = answer.read(_MOST_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise _refused(f"Nothing answers there: {type(error).__name__}.") from None
    found = answer.status == HTTPStatus.FOUND
    return body, answer.headers.get("Location", "") if found else ""
