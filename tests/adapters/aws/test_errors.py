from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta, timezone

import botocore.exceptions as boto
import pytest
from botocore.parsers import ResponseParserError

from xswitch.adapters.aws.errors import error_response, translate_error
from xswitch.adapters.aws.sts_http import server_time
from xswitch.core.errors import NetworkError
from xswitch.core.errors.sts import ApiCall
from xswitch.core.text import strip_user_info

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "https://sts.example"
CALL = ApiCall("sts:AssumeRole", "eu-west-1", "role", url=URL)


def caused(by: OSError) -> OSError:
    error = OSError("no connection")
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (boto.ReadTimeoutError(endpoint_url=URL, error="x"), "timeout"),
        (boto.ConnectTimeoutError(endpoint_url=URL, error="x"), "timeout"),
        (boto.ConnectionClosedError(endpoint_url=URL, error="x"), "reset"),
        (
            boto.EndpointConnectionError(
                endpoint_url=URL, error=caused(ConnectionRefusedError(111, "refused"))
            ),
            "refused",
        ),
        (
            boto.EndpointConnectionError(
                endpoint_url=URL, error=caused(socket.gaierror(-2, "unknown"))
            ),
            "dns",
        ),
        (
            boto.EndpointConnectionError(
                endpoint_url=URL, error=caused(OSError(101, "Network is unreachable"))
            ),
            "unreachable",
        ),
        (boto.SSLError(endpoint_url=URL, error=Exception("x")), "tls"),
        (boto.ProxyConnectionError(proxy_url="x", error="x"), "proxy"),
        (boto.InvalidProxiesConfigError(error="x"), "proxy"),
        (boto.HTTPClientError(error=OSError("odd")), "network"),
        (boto.NoRegionError(), "region"),
        (
            boto.EndpointProviderError(
                msg="FIPS is enabled but this partition does not support FIPS"
            ),
            "endpoint_variant",
        ),
        (boto.EndpointVariantError(tags=["fips"]), "endpoint_variant"),
        (ResponseParserError("secret answer"), "not_aws"),
        (KeyError("secret answer"), "not_aws"),
        (AttributeError("secret answer"), "not_aws"),
        (ValueError("Invalid endpoint: x"), "endpoint_url"),
        (ValueError("secret answer"), "not_aws"),
        (boto.ClientError({}, "AssumeRole"), "not_aws"),
        (boto.BotoCoreError(), "network"),
        (RuntimeError("secret answer"), "network"),
    ],
)
def test_every_exception_has_a_code_and_quotes_no_response(error: Exception, code: str) -> None:
    found = translate_error(error, CALL, NOON)
    assert isinstance(found, NetworkError)
    assert found.code == code
    assert "secret answer" not in str(vars(found))


def test_a_client_error_may_lack_any_part() -> None:
    assert error_response(boto.ClientError({}, "X"), NOON).status == 0
    error = boto.ClientError(
        {
            "Error": {"Code": "AccessDenied", "Message": "no s3cret"},
            "ResponseMetadata": {
                "HTTPStatusCode": 403,
                "HTTPHeaders": {"date": "Sun, 01 Mar 2026 11:00:00 GMT"},
            },  # type: ignore[typeddict-item]
        },
        "X",
    )
    found = error_response(error, NOON, ("s3cret",))
    assert (found.code, found.text, found.status, found.server_time) == (
        "AccessDenied",
        "no ***",
        403,
        NOON - timedelta(hours=1),
    )


@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("Sun, 01 Mar 2026 12:00:00 GMT", NOON),
        (
            "Sun, 01 Mar 2026 13:00:00 +0100",
            datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=1))),
        ),
        ("Sun, 01 Mar 2026 12:00:00 -0000", NOON),
        ("Sun, 99 Mar 2026 12:00:00 GMT", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_the_date_header(date: str | None, time: datetime | None) -> None:
    assert server_time(date) == time


def test_user_info_is_removed_from_urls() -> None:
    assert strip_user_info("at http://user:pw@host:1/x@y") == "at http://***@host:1/x@y"
    assert (
        "pw"
        not in translate_error(
            ValueError("Invalid endpoint: http://me:pw@"),
            ApiCall("o", "r", url="http://me:pw@"),
            NOON,
        ).what
    )
