"""What it means that a chain's base has no credentials to give, and the exact command that helps.

Pure, as `core.stserrors`: the adapter names one of `SENTENCES`, this module fills it for the base at hand.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from xswitch.core.errors import BaseCredentialsError, XswitchError
from xswitch.core.errors.sts import BASE_CODES, reason
from xswitch.core.model import Base, BaseKind
from xswitch.core.text import clean

_CORRECT = "Correct it at {origin}."
_BY_HAND = "See what it says: {caller}"


@dataclass(frozen=True, slots=True)
class Source:
    """A base, as its failures speak of it; `sso_session` is the name of the sso-session its profile uses, "" for none."""

    base: Base
    sso_session: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """`what` and `next_step` of one code.

    `{name}` is "profile X" or the place the base is, `{origin}` its file:line, `{command}` the command that gets new
    credentials, `{caller}` one that shows the error of another program, `{detail}` a few words of the failure.
    """

    what: str
    next_step: str


SENTENCES: Mapping[str, Sentence] = MappingProxyType(
    {
        "keys_missing": Sentence("There are no access keys in {name}.", "{command}"),
        "keys_incomplete": Sentence("The access keys in {name} are incomplete: {detail}.", "{command}"),
        "keys_expired": Sentence("The access keys in {name} have expired.", "{command}"),
        "process_missing": Sentence("The credential_process of {name} can't be started: {detail}.", _CORRECT),
        "process_failed": Sentence("The credential_process of {name} failed: {detail}.", _BY_HAND),
        "process_timeout": Sentence("The credential_process of {name} did not end within {detail} and was stopped.", _BY_HAND),
        "process_answer": Sentence("The credential_process of {name} printed no usable credentials: {detail}.", _BY_HAND),
        "process_expired": Sentence("The credential_process of {name} printed credentials that have expired.", _BY_HAND),
        "sso_login": Sentence("You are not signed in to IAM Identity Center for {name}.", "{command}"),
        "sso_cache": Sentence("The stored IAM Identity Center sign-in for {name} can't be read.", "{command}"),
        "sso_denied": Sentence("IAM Identity Center does not give {name} its role.", "Check sso_account_id and sso_role_name at {origin}."),
        "sso_config": Sentence("The IAM Identity Center settings of {name} are incomplete or contradict each other.", _CORRECT),
        "web_identity_file": Sentence("The web identity token of {name} can't be read: {detail}.", _CORRECT),
        "web_identity_denied": Sentence(
            "AWS does not accept the web identity token of {name}.", "Get a new token, or check role_arn at {origin}."
        ),
        "login_needed": Sentence("You are not signed in to AWS for {name}.", "{command}"),
        "login_denied": Sentence("AWS does not renew the sign-in of {name}.", "{command}"),
        "no_metadata": Sentence(
            "The EC2 metadata service gives no credentials: {detail}.", "Run this on an EC2 instance with a role, or use another source."
        ),
        "no_container": Sentence(
            "There is no container credential endpoint: {detail}.", "Run this in a container with a task role, or use another source."
        ),
        "container_answer": Sentence(
            "The container credential endpoint gives no credentials.", "Check the task role of the container, or use another source."
        ),
        "base_credentials": Sentence("There are no credentials to be had from {name}.", "{command}"),
    }
)

_LOGIN: Mapping[BaseKind, str] = MappingProxyType(
    {
        BaseKind.STATIC_KEYS: "aws configure",
        BaseKind.SSO: "aws sso login",
        BaseKind.LOGIN_SESSION: "aws login",
    }
)
_PLACES: Mapping[BaseKind, str] = MappingProxyType(
    {BaseKind.EC2_METADATA: "the EC2 metadata service", BaseKind.ECS_CONTAINER: "the container credential endpoint"}
)


def missing(source: Source, code: str, *, detail: str = "", why: str = "") -> BaseCredentialsError:
    """The error for a base that gives no credentials; `code` is one of `SENTENCES`, `detail` and `why` come from the failure."""
    sentence = SENTENCES[code]
    values = {
        "name": _name(source.base),
        "origin": _origin(source.base),
        "command": command(source),
        "caller": _with_profile("aws sts get-caller-identity", source.base),
        "detail": reason(detail),
    }
    return BaseCredentialsError(sentence.what.format(**values), why=reason(why), next_step=sentence.next_step.format(**values), code=code)


def blame(error: XswitchError, source: Source) -> XswitchError:
    """`error` of a call that the base's own credentials signed: when AWS rejects these, it's the base that needs renewing.

    Any other error is returned as it is.
    """
    if error.code not in BASE_CODES:
        return error
    return BaseCredentialsError(error.what, why=error.why, next_step=command(source), code=error.code)


def command(source: Source) -> str:
    """The command that gets this base new credentials, or what to do where no command does."""
    base = source.base
    if base.kind is BaseKind.SSO and source.sso_session:
        return f"aws sso login --sso-session {_quoted(source.sso_session)}"
    if base.kind in _LOGIN:
        return _with_profile(_LOGIN[base.kind], base)
    if base.kind is BaseKind.ENVIRONMENT:
        return "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary keys, AWS_SESSION_TOKEN; or use a source profile."
    if base.kind is BaseKind.CREDENTIAL_PROCESS:
        return _BY_HAND.format(caller=_with_profile("aws sts get-caller-identity", base))
    if base.kind is BaseKind.WEB_IDENTITY:
        return "Get a new web identity token."
    return "Check the role of this instance or container."


def _with_profile(words: str, base: Base) -> str:
    return words if base.profile is None else f"{words} --profile {_quoted(base.profile)}"


def _quoted(name: str) -> str:
    return shlex.quote(clean(name))


def _name(base: Base) -> str:
    return _PLACES.get(base.kind, "the environment") if base.profile is None else f"profile {clean(base.profile, limit=100)}"


def _origin(base: Base) -> str:
    return _name(base) if base.origin is None else clean(f"{base.origin.file}:{base.origin.line}")
