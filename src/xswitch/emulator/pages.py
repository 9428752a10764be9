"""The emulator's pages for a person in a browser: no script, no cookie, no frame."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit

from xswitch.emulator.http import HttpResponse
from xswitch.emulator.sigv4 import HttpRequest

HTML_TYPE = "text/html; charset=utf-8"
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<title>{title}</title><style>
body {{ font: 16px/1.5 sans-serif; max-width: 34em; margin: 4em auto; padding: 0 1em }}
button, select, input {{ font: inherit; padding: .3em 1em; margin-right: .5em }}
</style></head><body><h1>{title}</h1>
{body}
</body></html>
"""
_NO_STORE = (("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"))
_FRAMES = (("X-Frame-Options", "DENY"), ("X-Content-Type-Options", "nosniff"))


class PageError(Exception):
    """The reason why a request gets a page with an error instead of a redirect."""


def page(title: str, body: str, *, status: int = HTTPStatus.OK) -> HttpResponse:
    """A page with a body of HTML; the request ID is left empty."""
    text = _PAGE.format(title=escape(title), body=body)
    return HttpResponse(status, text.encode(), "", HTML_TYPE, headers=(*_NO_STORE, *_FRAMES))


def refused_page(problem: PageError) -> HttpResponse:
    """The page with an error."""
    return page("Request refused", f"<p id=error>{escape(str(problem))}</p>", status=400)


def redirect(uri: str, parameters: Mapping[str, str], state: str | None) -> HttpResponse:
    """A redirect to a client with its answer, and the client's state; the request ID is empty."""
    parts = urlsplit(uri)
    added = {**parameters, **({} if state is None else {"state": state})}
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *added.items()])
    location = parts._replace(query=query).geturl()
    return HttpResponse(HTTPStatus.FOUND, b"", "", HTML_TYPE, location, _NO_STORE)


def hidden_fields(values: Mapping[str, str]) -> str:
    """Hidden fields of a form."""
    return "".join(
        f'<input type=hidden name="{escape(name)}" value="{escape(value)}">'
        for name, value in values.items()
    )


def comes_from_elsewhere(request: HttpRequest, base: str) -> bool:
    """Whether another site's page sent a form to the emulator at `base`."""
    origin = request.headers.get("origin", "")
    return origin not in ("", "null") and not f"{base}/".startswith(f"{origin}/")


def form_of(request: HttpRequest) -> Mapping[str, str]:
    """The fields of a posted form."""
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
