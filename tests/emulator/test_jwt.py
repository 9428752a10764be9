"""Tokens and public keys: what is read, and whose signature is right."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.aws.web_identity import SigningKey, signing_key
from xswitch.emulator.jwt import (
    ALGORITHMS,
    JsonWebKey,
    JwtError,
    decoded,
    encoded,
    is_signed_by,
    read_key,
    read_token,
    thumbprint,
)

CLAIMS = {"sub": "someone"}
TEXTS = st.text(alphabet="ABCabc012-_=.+/ é", max_size=12)


def public(key: SigningKey) -> JsonWebKey:
    return read_key(key.public)


def token(key: SigningKey, **header: Any) -> str:
    return key.token({"alg": key.algorithm, **header}, CLAIMS)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_is_right_for_its_own_key_alone(algorithm: str) -> None:
    key = signing_key(algorithm)
    read = read_token(token(key))
    assert read.claims == CLAIMS
    assert is_signed_by(read, public(key))
    for other in ALGORITHMS:
        number = 1 if other != "RS256" else 0
        if other != algorithm or number:
            assert not is_signed_by(read, public(signing_key(other, number)))


@pytest.mark.parametrize("algorithm", ["ES256", "ES384"])
def test_every_signature_is_verified_however_its_numbers_begin(algorithm: str) -> None:
    key = signing_key(algorithm)
    known = public(key)
    for number in range(20_000):
        read = read_token(key.token({"alg": algorithm}, {"number": number}))
        assert is_signed_by(read, known)
        if read.signature[0] == 0:  # one of 256
            return
    raise AssertionError("no number began with zeros")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("part", range(3))
def test_any_change_makes_a_signature_wrong(algorithm: str, part: int) -> None:
    key = signing_key(algorithm)
    parts = token(key, typ="JWT").split(".")
    data = bytearray(decoded(parts[part]))
    data[len(data) // 2] ^= 1
    parts[part] = encoded(bytes(data))
    try:
        changed = read_token(".".join(parts))
    except JwtError:
        return  # no longer JSON
    assert not is_signed_by(changed, public(key))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_algorithm_that_is_not_the_keys_is_never_right(algorithm: str) -> None:
    key = signing_key(algorithm)
    known = public(key)
    for name in ("none", "None", "", "HS256", "RS512", *(set(ALGORITHMS) - {algorithm})):
        assert not is_signed_by(read_token(key.token({"alg": name}, CLAIMS)), known)
    unsigned = token(key, alg="none").rpartition(".")[0] + "."
    assert not is_signed_by(read_token(unsigned), known)
    signed = token(key, alg="HS256").rpartition(".")[0]
    secret = json.dumps(key.public).encode()
    forged = f"{signed}.{encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))}"
    assert not is_signed_by(read_token(forged), known)
    bound = read_key({**key.public, "alg": "PS256"})
    assert not is_signed_by(read_token(token(key)), bound)


@pytest.mark.parametrize("size", [0, 1, 63, 65, 128])
def test_signatures_of_another_length_are_wrong(size: int) -> None:
    key = signing_key()
    parts = token(key).split(".")
    changed = ".".join([*parts[:2], encoded(bytes(size))])
    assert not is_signed_by(read_token(changed), public(key))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b",
        "e30.e30",
        "e30.e30.e30.e30",
        "e30.W10.e30",
        "bnVsbA.e30.e30",
        "e30.e30.e3 0",
        "e30.e30.e31",
        "e30=.e30.e30",
        "é.e30.e30",
        "e30.//79.e30",
    ],
)
def test_texts_that_are_no_token(text: str) -> None:
    with pytest.raises(JwtError):
        read_token(text)


@given(st.lists(TEXTS, max_size=4).map(".".join))
@settings(max_examples=100)
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(JwtError):
        assert isinstance(read_token(text).claims, dict)


@given(st.binary(max_size=70))
def test_base64url_has_one_text_for_each_value(data: bytes) -> None:
    text = encoded(data)
    assert decoded(text) == data
    assert base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) == data


def _without(key: dict[str, str], name: str) -> dict[str, str]:
    return {one: value for one, value in key.items() if one != name}


def test_keys_that_are_no_public_key() -> None:
    for algorithm in ALGORITHMS:
        good = signing_key(algorithm).public
        read_key({**good, "x5t": "ignored", "use": "sig"})
        for name in good:
            for wrong in (_without(good, name), {**good, name: ""}, {**good, name: "!"}):
                with pytest.raises(JwtError):
                    read_key(wrong)
        for private in ("d", "k"):
            with pytest.raises(JwtError):
                read_key({**good, private: good[next(iter(good))]})
    point = signing_key().public
    swapped = {**point, "y": encoded(bytes(32))}  # not on the curve
    short = {**point, "x": encoded(decoded(point["x"])[1:])}
    small = {**signing_key("RS256").public, "n": encoded(b"\xff" * 128)}
    wrong_keys: tuple[Any, ...] = (None, [], "key", {}, {**point, "kid": 1}, swapped, short, small)
    for data in wrong_keys:
        with pytest.raises(JwtError):
            read_key(data)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384"])
def test_a_key_may_leave_out_the_zeros_that_a_coordinate_begins_with(algorithm: str) -> None:
    for _ in range(20_000):
        key = SigningKey(algorithm)
        numbers = {name: decoded(key.public[name]) for name in ("x", "y")}
        if any(number[0] == 0 for number in numbers.values()):  # one of 128
            short = {name: encoded(number.lstrip(b"\0")) for name, number in numbers.items()}
            shortened = read_key({**key.public, **short})
            assert is_signed_by(read_token(token(key)), shortened)
            # A login that such a client signed in is refreshed by others, which write the zeros
            assert thumbprint(shortened) == thumbprint(public(key))
            return
    raise AssertionError("no coordinate began with zeros")


def test_a_thumbprint_is_that_of_the_rfc() -> None:
    # RFC 7638, 3.1
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPeb"
        "WKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368Q"
        "QMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2"
        "NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    key = read_key({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
    assert thumbprint(key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    curve = {"kty": "EC", "crv": "P-256", **signing_key().public}
    ordered = json.dumps(
        {name: curve[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":")
    )
    wanted = encoded(hashlib.sha256(ordered.encode()).digest())
    assert thumbprint(read_key(curve)) == wanted
