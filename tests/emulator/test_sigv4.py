from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from xswitch.emulator.errors import EmulatedAwsError
from xswitch.emulator.sigv4 import HttpRequest, read_claim, verify

KEY, SECRET, TOKEN = "AKIAQRSTUVWXYZ234567", "very-secret", "token+/="
URL = "http://127.0.0.1:1/"
BODY = b"Action=GetCallerIdentity&Version=2011-06-15"


def signed(
    url: str = "http://127.0.0.1:1/",
    body: bytes = BODY,
    token: str | None = None,
    *,
    query: int = 0,
    thing: str = "v",
) -> HttpRequest:
    """A request signed by botocore; `query` seconds for a presigned one."""
    sent = b"" if query else body
    request = AWSRequest(
        "GET" if query else "POST",
        url,
        headers={"Host": "127.0.0.1:1", "X-Amz-Thing": thing},
        data=sent,
    )
    credentials = Credentials(KEY, SECRET, token)
    signer: Any = (
        SigV4QueryAuth(credentials, "sts", "eu-west-1", expires=query)
        if query
        else SigV4Auth(credentials, "sts", "eu-west-1")
    )
    signer.add_auth(request)
    target = urlsplit(str(request.url))
    lowered = {name.lower(): value for name, value in request.headers.items()}
    return HttpRequest("GET" if query else "POST", target.path, target.query, lowered, sent)


def now() -> datetime:
    return datetime.now(UTC)


def refused(
    request: HttpRequest, secret: str = SECRET, when: datetime | None = None
) -> EmulatedAwsError:
    with pytest.raises(EmulatedAwsError) as caught:
        verify(request, read_claim(request), secret, when or now())
    return caught.value


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=40),
    st.dictionaries(
        st.text("ab-_.~ /+%&=é", min_size=1, max_size=6),
        st.text("xy z+%/é", max_size=6),
        max_size=3,
    ),
    st.text("v w", max_size=8),
)
def test_what_botocore_signs_is_right(body: bytes, query: dict[str, str], header: str) -> None:
    assume(header == header.strip())
    request = signed(
        f"http://127.0.0.1:1/?{urlencode(query, quote_via=quote, safe='-_.~')}",
        body,
        TOKEN,
        thing=header or "v",
    )
    claim = read_claim(request)
    verify(request, claim, SECRET, now())
    assert (claim.access_key_id, claim.region, claim.session_token, claim.scope[8:]) == (
        KEY,
        "eu-west-1",
        TOKEN,
        "/eu-west-1/sts/aws4_request",
    )


@pytest.mark.parametrize("change", ["method", "path", "query", "body", "header"])
def test_a_change_on_the_way_breaks_it(change: str) -> None:
    request = signed(token=TOKEN)
    changed = {
        "method": replace(request, method="PUT"),
        "path": replace(request, path="/x"),
        "query": replace(request, query="Action=AssumeRole"),
        "body": replace(request, body=BODY + b"&x=y"),
        "header": replace(request, headers={**request.headers, "x-amz-security-token": "other"}),
    }[change]
    assert refused(changed).code == "SignatureDoesNotMatch"
    assert "The request signature we calculated" in refused(changed).message
    assert refused(request, "other secret").status == 403


def test_a_presigned_query_works_until_it_ends() -> None:
    request = signed(
        "http://127.0.0.1:1/?Action=GetCallerIdentity&Version=2011-06-15", token=TOKEN, query=60
    )
    claim = read_claim(request)
    verify(request, claim, SECRET, now() + timedelta(seconds=50))
    assert (claim.expires_seconds, claim.session_token) == (60, TOKEN)
    assert "60 sec." in refused(request, when=now() + timedelta(seconds=90)).message
    assert (
        refused(replace(request, query=request.query.replace("GetCaller", "SetCaller"))).code
        == "SignatureDoesNotMatch"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("X-Amz-Expires=60", "X-Amz-Expires=0"),
        ("X-Amz-Expires=60", "X-Amz-Expires=604801"),
        ("X-Amz-Expires=60", "X-Amz-Expires=x"),
        ("X-Amz-Expires=60", "Y=1"),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
    ],
)
def test_a_presigned_query_that_is_incomplete(old: str, new: str) -> None:
    request = signed(query=60)
    assert old in request.query
    assert (
        refused(replace(request, query=request.query.replace(old, new))).code
        == "IncompleteSignature"
    )


def test_the_clock_may_be_off_by_fifteen_minutes() -> None:
    request = signed()
    stamp = read_claim(request).stamp
    at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    for minutes in (-15, 15):
        verify(request, read_claim(request), SECRET, at + timedelta(minutes=minutes))
    late = at + timedelta(minutes=15, seconds=1)
    limit = (at + timedelta(seconds=1)).strftime("%Y%m%dT%H%M%SZ")
    message = (
        f"Signature expired: {stamp} is now earlier than {limit} ({late.strftime('%Y%m%dT%H%M%SZ')}"
        " - 15 min.)"
    )
    assert refused(request, when=late).message == message
    early = at - timedelta(minutes=15, seconds=1)
    limit = (at - timedelta(seconds=1)).strftime("%Y%m%dT%H%M%SZ")
    message = (
        f"Signature not yet current: {stamp} is still later than {limit}"
        f" ({early.strftime('%Y%m%dT%H%M%SZ')} + 15 min.)"
    )
    assert refused(request, when=early).message == message
    assert refused(request, when=early).code == "SignatureDoesNotMatch"


def test_without_any_signature() -> None:
    bare = HttpRequest("POST", "/", "", {"host": "127.0.0.1:1"}, BODY)
    assert (refused(bare).code, refused(bare).status) == ("MissingAuthenticationToken", 403)


@pytest.mark.parametrize(
    ("old", "new", "code", "word"),
    [
        ("AWS4-HMAC-SHA256", "Basic", "IncompleteSignature", "algorithm"),
        ("Credential=", "Credentials=", "IncompleteSignature", "'Credential'"),
        ("Signature=", "Sign=", "IncompleteSignature", "'Signature'"),
        ("/aws4_request", "", "IncompleteSignature", "exactly 5"),
        ("/eu-west-1/", "/nowhere/", "SignatureDoesNotMatch", "valid region"),
        ("/sts/", "/s3/", "SignatureDoesNotMatch", "correct service: 'sts'"),
        ("aws4_request", "aws3_request", "SignatureDoesNotMatch", "terminator"),
        ("SignedHeaders=host;", "SignedHeaders=", "SignatureDoesNotMatch", "'Host'"),
        (";x-amz-date", "", "SignatureDoesNotMatch", "not signed: x-amz-date"),
        (";x-amz-security-token", "", "SignatureDoesNotMatch", "not signed: x-amz-security-token"),
    ],
)
def test_a_header_that_is_wrong(old: str, new: str, code: str, word: str) -> None:
    request = signed(token=TOKEN)
    header = request.headers["authorization"]
    assert old in header
    problem = refused(
        replace(request, headers={**request.headers, "authorization": header.replace(old, new)})
    )
    assert problem.code == code
    assert word in problem.message


@pytest.mark.parametrize(
    ("stamp", "code"),
    [
        ("", "IncompleteSignature"),
        ("yesterday", "IncompleteSignature"),
        ("20200101T000000Z", "SignatureDoesNotMatch"),
    ],
)
def test_a_date_that_is_wrong(stamp: str, code: str) -> None:
    request = signed()
    problem = refused(replace(request, headers={**request.headers, "x-amz-date": stamp}))
    assert problem.code == code
    assert "ate" in problem.message
