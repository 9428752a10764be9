"""Secrets in responses of AWS, or of a server in its place, are never repeated."""

from __future__ import annotations

import json
from collections.abc import Callable
from xml.sax.saxutils import escape

from support.aws.servers import Received, Response, altered, good, refusal, reply, serve
from support.e2e import Home
from support.forked import Forks
from support.homes import lead_to
from support.hostile.canary import LONG_TERM, Canaries, report
from support.reliability.soak import SOAK, count

SENT, FRESH = (
    "sentSentSent+sent/SentSentSentSentSentSe1",
    "freshFreshFresh+fresh/FreshFreshFreshFre2",
)
SENT_TOKEN, FRESH_TOKEN = (
    "IQoJtokenSent//tokenSent++tokenSenttokenSent==",
    "IQoJtokenFresh//tokenFresh++tokenFreshtokenFr==",
)
ROLE_USER = (
    "<AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId><Arn>"
    "arn:aws:sts::222222222222:assumed-role/{}/x</Arn></AssumedRoleUser>"
)
IDENTITY = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult><UserId>AROA:x</UserId><Account>"
    "222222222222</Account>"
    "<Arn>arn:aws:sts::222222222222:assumed-role/Admin/x</Arn></GetCallerIdentityResult>"
    "</GetCallerIdentityResponse>"
)


def valid_response(request: Received, secret: str, token: str) -> bytes:
    """Return a valid response to a request for credentials."""
    if "Action=GetSessionToken" in request.body:
        return altered(good("GetSessionToken", secret=secret), "newtoken", token)
    if "Action=GetCallerIdentity" in request.body:
        return reply(200, IDENTITY)
    name = "Admin" if "Admin" in request.body else "Reader"
    return altered(good("AssumeRole", ROLE_USER.format(name), secret=secret), "newtoken", token)


def echo_request(request: Received) -> str:
    """Return the whole request, as a server may repeat it."""
    return " ".join(
        [
            request.method,
            request.path,
            *(f"{name}: {value}" for name, value in request.headers.items()),
            request.body,
        ]
    )


def session_token(request: Received) -> str:
    """Return the session token of the request, or a word."""
    return request.headers.get("x-amz-security-token", "none")


def fresh(request: Received) -> bytes:
    return valid_response(request, FRESH, FRESH_TOKEN)


def body_of(answer: bytes) -> str:
    return answer.partition(b"\r\n\r\n")[2].decode()


def corrupted(request: Received, old: str, new: str) -> bytes:
    """Return new credentials in a response with one part replaced."""
    return reply(200, body_of(fresh(request)).replace(old, new))


ANSWERS: dict[str, Callable[[Received], Response]] = {
    **{
        f"{code} that repeats the request": lambda request, code=code: refusal(  # type: ignore[misc]
            code, escape(echo_request(request))
        )
        for code in (
            "AccessDenied",
            "SignatureDoesNotMatch",
            "ValidationError",
            "ExpiredToken",
            "InvalidClientTokenId",
            "Odd",
            "",
        )
    },
    "a code that is the token": lambda request: refusal(session_token(request), "no"),
    "a 500 that repeats the request": lambda request: refusal(
        "InternalFailure", escape(echo_request(request)), 500
    ),
    "a page that repeats the request": lambda request: reply(
        403, f"<html>{escape(echo_request(request))}</html>", kind="text/html"
    ),
    "a status line with the token": (
        lambda request: reply(403).replace(b"403 X", f"403 {session_token(request)}".encode())
    ),
    "headers with the token": lambda request: reply(
        407,
        kind=session_token(request),
        headers={"Location": f"http://x/{session_token(request)}", "Date": session_token(request)},
    ),
    "a redirect with the token": lambda request: reply(
        302, headers={"Location": f"http://127.0.0.1:1/{session_token(request)}?{FRESH}"}
    ),
    "half an answer": lambda request: reply(200, body_of(fresh(request))[:-120]),
    "an answer cut off": lambda request: (
        lambda connection, _closing: connection.sendall(fresh(request)[:-150])
    ),
    "an answer that is not XML": lambda request: corrupted(request, "</", "<"),
    "an answer as JSON": lambda _: reply(
        200,
        json.dumps({"SecretAccessKey": FRESH, "SessionToken": FRESH_TOKEN}),
        kind="application/json",
    ),
    "no expiration": lambda request: corrupted(request, "Expiration", "Expiry"),
    "a secret as the expiration": lambda request: corrupted(
        request, "<Expiration>", f"<Expiration>{FRESH}"
    ),
    "a secret as the ARN": lambda request: corrupted(
        request, "assumed-role/", f"assumed-role/{FRESH}/{FRESH_TOKEN}/"
    ),
    "another account": lambda request: corrupted(request, "222222222222", "999999999999"),
    "an end in the past": lambda request: corrupted(request, "<Expiration>20", "<Expiration>19"),
    "a good answer with status 500": lambda request: reply(500, body_of(fresh(request))),
    "no key": lambda request: corrupted(request, "AccessKeyId", "Key"),
    "bytes that are no text": lambda request: (
        fresh(request)
        .replace(b"<Credentials>", b"<Credentials>\xff\xfe", 1)
        .replace(b"</", b"<\xff", 1)
    ),
}


def test_no_aws_response_reveals_a_secret(home: Home, warm: Forks) -> None:
    home.warm = warm
    canaries = Canaries([*LONG_TERM, SENT, SENT_TOKEN, FRESH, FRESH_TOKEN])
    commands = [
        ("switch", "admin", "--force", "--mfa-code", "246813"),
        ("renew", "admin", "--json"),
        ("explain", "admin", "--json"),
        ("switch", "reader", "--json", "--force"),
        ("renew", "--all"),
        ("credential-process", "xs-tagged"),
        ("access", "check", "New", "--source", "dev", "--target", "admin", "--json"),
        ("history",),
    ][: count(2, 8)]
    names = list(ANSWERS) if SOAK else list(ANSWERS)[:2]
    moods: list[Callable[[Received], Response]] = [
        lambda request: valid_response(request, SENT, SENT_TOKEN)
    ]
    faults: list[str] = []
    codes: set[int] = set()
    with serve(lambda request: moods[-1](request)) as server:  # noqa: PLW0108 -- the mood changes
        lead_to(home, server.url)
        begun = home.run("switch", "admin", "--mfa-code", "135792")
        assert begun.code == 0, begun.err
        for name in names:
            moods.append(ANSWERS[name])
            for words in commands:
                ran = home.run(*words, "--debug")
                codes.add(ran.code)
                faults += [
                    f"{name}, {words}: {found} in {ran.err}"
                    for found in canaries.in_text(ran.out, ran.err)
                ]
                if ran.code == 1 or "Traceback" in ran.err:
                    faults.append(f"{name}, {words}: {ran.err}")
    assert codes & {4, 6, 9}
    faults += canaries.in_files(home.folder, [home.credentials])
    report("commands under answers that hold one", faults, len(names) * len(commands))
