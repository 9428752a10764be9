"""Identity providers a trust policy names.

Source: IAM user guide, "Create a role for OpenID Connect federation", "Create a role for SAML 2.0
federation", and IAM reference, "Available keys for AWS OIDC federation".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from xswitch.core.access.lint.statement import LintedStatement, with_condition, with_only_condition
from xswitch.core.access.model import Finding

GITHUB = "token.actions.githubusercontent.com"
# Anybody can get a token of these issuers, so that without a subject everybody of theirs is in.
_SHARED = frozenset(
    {GITHUB, "gitlab.com", "app.terraform.io", "oidc.vercel.com", "accounts.google.com"}
)
_BUILT_IN = frozenset(
    {
        "cognito-identity.amazonaws.com",
        "www.amazon.com",
        "graph.facebook.com",
        "accounts.google.com",
    }
)
_AUDIENCES = ("aud", "app_id")
_NOT_IDENTITY = frozenset({"aud", "app_id", "amr"})
_SAML_AUDIENCE: Mapping[str, str] = MappingProxyType(
    {
        "aws-cn": "https://signin.amazonaws.cn/saml",
        "aws-us-gov": "https://signin.amazonaws-us-gov.com/saml",
    }
)


def oidc(subject: LintedStatement) -> Iterator[Finding]:
    """Tokens of a provider that anybody, or any program, may have got."""
    if not subject.allows:
        return
    for provider in subject.principals("Federated"):
        host = provider.partition(":oidc-provider/")[2] or (
            provider if provider in _BUILT_IN else ""
        )
        if host:
            yield from _provider(subject, host, own=provider not in _BUILT_IN)


def _provider(subject: LintedStatement, host: str, *, own: bool) -> Iterator[Finding]:
    if not subject.bound_by({f"{host}:{claim}" for claim in _AUDIENCES}):
        audience = "sts.amazonaws.com" if own else "your-application's-id"
        why = f"Tokens of {host} made for any audience are taken. Say which with {host}:aud."
        corrected = with_only_condition(subject.raw, "StringEquals", f"{host}:aud", audience)
        yield subject.finding("oidc_audience_missing", "warning", why, corrected)
    if not own:
        return
    subject_key = f"{host}:sub"
    example = (
        "repo:OWNER/REPOSITORY:ref:refs/heads/main"
        if host == GITHUB
        else "the-subject-that-is-meant"
    )
    narrowed = with_only_condition(subject.raw, "StringEquals", subject_key, example)
    prefix = f"{host}:".lower()
    claims = {
        condition.key.lower().removeprefix(prefix)
        for condition in subject.statement.conditions
        if _claims(condition.key, prefix)
    }
    wide = [
        value
        for condition in subject.on(subject_key)
        if "like" in condition.operator
        for value in condition.values
        if _is_wide(host, value)
    ]
    if wide:
        why = f"{', '.join(wide)} fits subjects of other people too. Name the repository or client that is meant."
        yield subject.finding("oidc_subject_wide", "error", why, narrowed)
    elif not subject.bound_by({f"{host}:{claim}" for claim in claims - _NOT_IDENTITY}):
        everybody = (
            "anybody's: everybody can get a token there" if host in _SHARED else "of every subject"
        )
        why = f"Tokens of {host} are taken, {everybody}. Say whose with {subject_key}."
        yield subject.finding(
            "oidc_subject_missing", "error" if host in _SHARED else "warning", why, narrowed
        )


def _claims(key: str, prefix: str) -> bool:
    return key.lower().startswith(prefix)


def _is_wide(host: str, value: str) -> bool:
    if not value.strip("*?"):
        return True
    if host != GITHUB:
        return False
    kind, _, owner = value.partition(":")
    return kind.strip("*?") != kind or (
        kind == "repo" and owner.partition("/")[0].strip("*?") != owner.partition("/")[0]
    )


def saml(subject: LintedStatement) -> Iterator[Finding]:
    """Assertions of a SAML provider that were made for another service."""
    if not subject.allows or not any(
        ":saml-provider/" in provider for provider in subject.principals("Federated")
    ):
        return
    if any(subject.binds(condition) for condition in subject.on("SAML:aud")):
        return
    partition = subject.role.partition if subject.role is not None else "aws"
    audience = _SAML_AUDIENCE.get(partition, "https://signin.aws.amazon.com/saml")
    why = "SAML assertions made for any audience are taken. Say that they must be made for AWS, with SAML:aud."
    yield subject.finding(
        "saml_audience_missing",
        "warning",
        why,
        with_condition(subject.raw, "StringEquals", "SAML:aud", audience),
    )
