from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from xswitch.emulator import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    assert totp.code(SECRET, datetime.fromtimestamp(seconds, UTC)) == code


def test_secrets_are_read_as_people_write_them() -> None:
    now = datetime.fromtimestamp(59, UTC)
    assert (
        totp.code(" ".join(SECRET.lower()[at : at + 4] for at in range(0, 32, 4)), now) == "287082"
    )
    with pytest.raises(ValueError, match="Non-base32"):
        totp.code("not base 32!", now)


def test_one_step_before_and_after_is_taken_and_no_more() -> None:
    now = datetime.fromtimestamp(1_000_000_000, UTC)
    step = totp.step_of(now)
    found = [
        totp.matching_step(SECRET, totp.code(SECRET, now + timedelta(seconds=30 * shift)), now)
        for shift in (-2, -1, 0, 1, 2)
    ]
    assert found == [None, step - 1, step, step + 1, None]
    assert totp.matching_step(SECRET, "é" * 6, now) is None


def test_seconds_left_count_down_to_the_next_code() -> None:
    assert [totp.seconds_left(datetime.fromtimestamp(at, UTC)) for at in (0, 1, 29, 30)] == [
        30,
        29,
        1,
        30,
    ]
