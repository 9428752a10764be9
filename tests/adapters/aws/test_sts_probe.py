from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.aws.emulator import aws_server
from support.aws.servers import (
    REGION,
    TEST_CERTIFICATE,
    closed_port,
    drip,
    hang,
    reply,
    reset,
    serve,
)
from xswitch.adapters.aws.sts import HttpStsProbe
from xswitch.core.errors import NetworkError
from xswitch.core.model import Endpoint

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("status", [200, 302, 403, 500])
def test_any_http_response_counts(status: int) -> None:
    with serve(lambda _: reply(status, "<html>", date=NOON)) as server:
        result = HttpStsProbe().probe(server.endpoint)
    assert result.server_time == NOON
    assert 0 <= result.milliseconds < 3000
    assert len(server.requests) == 1
    assert server.requests[0].method == "GET"
    assert "authorization" not in server.requests[0].headers


def test_an_invalid_date_is_none() -> None:
    with serve(
        lambda _: reply(200).replace(b"GMT", b"at noon, or so").replace(b"Date: ", b"Date: on ")
    ) as server:
        assert HttpStsProbe().probe(server.endpoint).server_time is None


def test_the_emulator_is_reached() -> None:
    with aws_server() as aws:
        result = HttpStsProbe().probe(Endpoint(REGION, url=aws.endpoint))
    assert result.server_time is not None
    assert abs((result.server_time - datetime.now(UTC)).total_seconds()) < 60


def test_tls_is_checked_with_the_bundle_of_the_endpoint_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text(TEST_CERTIFICATE, encoding="ascii")
    with serve(lambda _: reply(200, date=NOON), tls=True) as server:
        with pytest.raises(NetworkError) as caught:
            HttpStsProbe().probe(server.endpoint)
        assert (
            HttpStsProbe()
            .probe(Endpoint(REGION, url=server.url, ca_bundle=str(bundle)))
            .server_time
            == NOON
        )
        monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
        assert HttpStsProbe().probe(server.endpoint).server_time == NOON
    assert caught.value.code == "tls"


@pytest.mark.parametrize(("handler", "code"), [(hang, "timeout"), (drip, "timeout")])
def test_no_response_is_a_network_error_within_the_time_limit(handler: object, code: str) -> None:
    with serve(lambda _: handler) as server, pytest.raises(NetworkError) as caught:  # type: ignore[arg-type,return-value] # parametrised
        HttpStsProbe(seconds=0.4).probe(server.endpoint)
    assert caught.value.code == code


def test_a_closed_connection_is_a_network_error() -> None:
    with serve(lambda _: reset) as server, pytest.raises(NetworkError) as caught:
        HttpStsProbe(seconds=10).probe(server.endpoint)
    assert caught.value.code == "reset"


def test_nothing_listens() -> None:
    with pytest.raises(NetworkError) as caught:
        HttpStsProbe().probe(Endpoint(REGION, url=f"http://127.0.0.1:{closed_port()}"))
    assert caught.value.code == "refused"
    with pytest.raises(NetworkError) as caught:
        HttpStsProbe().probe(Endpoint("no region"))
    assert caught.value.code == "region"
