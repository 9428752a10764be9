"""AssumeRoleWithWebIdentity: roles for the users of an OpenID Connect provider.

Sources: the STS API reference, IAM user guide "Available keys for AWS OIDC federation" and "Pass
session tags using AssumeRoleWithWebIdentity", and messages that AWS returns. AWS fetches an
issuer's keys; here they are in the state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from xswitch.core.policy import Principal, PrincipalKind, Request, evaluate
from xswitch.emulator.authorize import Context, request_context, resource_context
from xswitch.emulator.callers import UnsignedCall
from xswitch.emulator.errors import EmulatedAwsError, access_denied
from xswitch.emulator.jwt import JwtError, SignedToken, is_signed_by, read_token
from xswitch.emulator.parameters import RoleRequest, web_identity_request
from xswitch.emulator.role_sessions import (
    new_role_session,
    packed_percent,
    role_result,
    role_seconds,
)
from xswitch.emulator.state import AwsState, IamRole, OidcProvider
from xswitch.emulator.stores import SessionStore
from xswitch.emulator.xml import XmlNode

_ACTION = "sts:AssumeRoleWithWebIdentity"
_REQUIRED = ("iss", "aud", "sub", "exp", "iat")
_TAGS_CLAIM = "https://aws.amazon.com/tags"
_SOURCE_IDENTITY_CLAIM = "https://aws.amazon.com/source_identity"
_CLOCK_TOLERANCE = 300
_NOT_JWT = (
    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
)
_NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  please reference"
    " AssumeRoleWithWebIdentity documentation for requirements"
)


def assume_role_with_web_identity(
    call: UnsignedCall, world: AwsState, store: SessionStore
) -> Mapping[str, XmlNode]:
    """Assume a role by a token, and return the members of the result. Raises EmulatedAwsError."""
    asked = web_identity_request(call.parameters)
    if asked.provider_id is not None:
        raise _invalid(f"No OpenIDConnect provider found in your account for {asked.provider_id}")
    token = _token(asked.token)
    provider = _provider(world, asked.role, str(token.claims["iss"]))
    _verify(token, provider, int(call.now.timestamp()))
    audience = _audience(token, provider)
    request = web_identity_request(call.parameters, _session_claims(token)).role
    role = world.role(request.role_arn)
    if role is None:
        raise _not_authorized()
    context = _token_context(request, provider, token, audience)
    _authorize(call, request, role, provider, context)
    seconds = role_seconds(request, role)
    packed = packed_percent(request, dict(request.tags))
    session = replace(
        new_role_session(world, request, role, call.now, seconds), federated_provider=provider.arn
    )
    store.add(session)
    told = {"SubjectFromWebIdentityToken": str(token.claims["sub"]), "Audience": audience}
    return {**role_result(session, packed), **told, "Provider": provider.arn}


def _token(text: str) -> SignedToken:
    try:
        token = read_token(text)
    except JwtError:
        raise _invalid(_NOT_JWT) from None
    claims = token.claims
    for name in _REQUIRED:
        if name not in claims:
            raise _invalid(f"Missing a required claim: {name}")
    texts = all(isinstance(claims[name], str) and claims[name] for name in ("iss", "sub"))
    times = all(_is_time(claims.get(name, 0)) for name in ("exp", "iat", "nbf"))
    if not (texts and times and _audiences(claims)):
        raise _invalid(_NOT_JWT)
    return token


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _audiences(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The audiences of a token, () if the claim is malformed."""
    given = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    return tuple(given) if all(isinstance(one, str) and one for one in given) else ()


def _provider(world: AwsState, request: RoleRequest, issuer: str) -> OidcProvider:
    account = world.account(request.role_arn.split(":")[4])
    providers = account.oidc_providers if account is not None else ()
    found = next((one for one in providers if one.url == issuer), None)
    if found is None:
        raise _invalid(f"No OpenIDConnect provider found in your account for {issuer}")
    return found


def _verify(token: SignedToken, provider: OidcProvider, now: int) -> None:
    wanted = token.header.get("kid", "")
    keys = [key for key in provider.keys if key.kid == wanted]
    if not keys:
        raise _invalid(_NO_KEY)
    if not any(is_signed_by(token, key) for key in keys):
        raise _invalid("The signature of the ID Token is invalid")
    expires_at = int(token.claims["exp"])
    if now >= expires_at:
        message = (
            f"Token expired: current date/time {now} must be before the expiration date/time"
            f" {expires_at}"
        )
        raise EmulatedAwsError("ExpiredTokenException", message)
    if max(token.claims["iat"], token.claims.get("nbf", 0)) > now + _CLOCK_TOLERANCE:
        raise _invalid("The ID Token is not valid yet")


def _audience(token: SignedToken, provider: OidcProvider) -> str:
    """The audience that the provider knows; of several, the authorized party decides."""
    party = token.claims.get("azp")
    offered = (party,) if isinstance(party, str) and party else _audiences(token.claims)
    known = next((one for one in offered if one in provider.client_ids), None)
    if known is None:
        raise _invalid("Incorrect token audience")
    return known


def _session_claims(token: SignedToken) -> Mapping[str, str]:
    """The tags and the source identity that a token carries, as parameters of AssumeRole."""
    tags = token.claims.get(_TAGS_CLAIM, {})
    found: dict[str, str] = {}
    try:
        for number, (key, values) in enumerate(tags.get("principal_tags", {}).items(), 1):
            found |= {f"Tags.member.{number}.Key": key, f"Tags.member.{number}.Value": _one(values)}
        for number, key in enumerate(tags.get("transitive_tag_keys", []), 1):
            found[f"TransitiveTagKeys.member.{number}"] = str(key)
    except (AttributeError, TypeError, ValueError):
        raise _invalid(f"The claim {_TAGS_CLAIM} is malformed") from None
    if _SOURCE_IDENTITY_CLAIM in token.claims:
        found["SourceIdentity"] = str(token.claims[_SOURCE_IDENTITY_CLAIM])
    return found


def _one(values: Any) -> str:
    (value,) = values if isinstance(values, list) else [values]
    return str(value)


def _authorize(
    call: UnsignedCall,
    request: RoleRequest,
    role: IamRole,
    provider: OidcProvider,
    token_context: Context,
) -> None:
    """Require the trust policy to allow every action that the request implies."""
    actions = [_ACTION]
    if request.tags:
        actions.append("sts:TagSession")
    if request.source_identity is not None:
        actions.append("sts:SetSourceIdentity")
    context = {
        **request_context(call),
        **resource_context(role.account, role.tags),
        **token_context,
    }
    principal = Principal(PrincipalKind.FEDERATED, provider.arn, "")
    for action in actions:
        asked = Request(principal, action, role.arn, role.account, context)
        if not evaluate(asked, (role.trust,)).allowed:
            raise _not_authorized()


def _token_context(
    request: RoleRequest, provider: OidcProvider, token: SignedToken, audience: str
) -> Context:
    claims, name = token.claims, provider.name.lower()
    context: dict[str, tuple[str, ...]] = {
        "aws:federatedprovider": (provider.arn,),
        "sts:rolesessionname": (request.session_name,),
        f"{name}:aud": (audience,),
        f"{name}:oaud": _audiences(claims),
        f"{name}:sub": (claims["sub"],),
    }
    methods = claims.get("amr")
    if isinstance(methods, list) and methods:
        context[f"{name}:amr"] = tuple(map(str, methods))
    if request.tags:
        context |= {f"aws:requesttag/{key.lower()}": (value,) for key, value in request.tags}
        context["aws:tagkeys"] = tuple(key for key, _ in request.tags)
    if request.transitive:
        context["sts:transitivetagkeys"] = request.transitive
    if request.source_identity is not None:
        context["sts:sourceidentity"] = (request.source_identity,)
    return context


def _invalid(message: str) -> EmulatedAwsError:
    return EmulatedAwsError("InvalidIdentityToken", message)


def _not_authorized() -> EmulatedAwsError:
    return access_denied(f"Not authorized to perform {_ACTION}")
