"""Identity providers in trust policies.

Source: IAM user guide, "Create a role for OpenID Connect federation", "Create a role for SAML 2.0
federation", and IAM reference, "Available keys for AWS OIDC federation".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from xswitch.core.access.lint.statement import LintedStatement, with_condition, with_only_condition
from xswitch.core.access.model import Finding

GITHUB = "token.actions.githubusercontent.com"
# Anyone can get a token from these issuers, so the subject must be restricted.
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
    """Find OIDC providers whose tokens are accepted for any audience or subject."""
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
        why = f"Tokens of {host} for any audience are accepted. Restrict it with {host}:aud."
        corrected = with_only_condition(subject.raw, "StringEquals", f"{host}:aud", audience)
        yield subject.finding("oidc_audience_missing", "warning", why, corrected)
    if not own:
        return
    subject_key = f"{host}:sub"
    example = (
        "repo:OWNER/REPOSITORY:ref:refs/heads/main" if host == GITHUB else "the-intended-subject"
    )
    narrowed = with_only_condition(subject.raw, "StringEquals", subject_key, example)
    prefix = f"{host}:".lower()
    claims = {
        condition.key.lower().removeprefix(prefix)
        for condition in subject.statement.conditions
        if condition.key.lower().startswith(prefix)
    }
    wide = [
        value
        for condition in subject.on(subject_key)
        if "like" in condition.operator
        for value in condition.values
        if _is_wide(host, value)
    ]
    if wide:
        why = (
            f"{', '.join(wide)} also matches subjects of others. "
            "Name the intended repository or client."
        )
        yield subject.finding("oidc_subject_wide", "error", why, narrowed)
    elif not subject.bound_by({f"{host}:{claim}" for claim in claims - _NOT_IDENTITY}):
        note = ", and anyone can get one there" if host in _SHARED else ""
        why = (
            f"Tokens of {host} with any subject are accepted{note}. Restrict it with {subject_key}."
        )
        yield subject.finding(
            "oidc_subject_missing", "error" if host in _SHARED else "warning", why, narrowed
        )


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
    """Find SAML providers whose assertions are accepted for any audience."""
    if not subject.allows or not any(
        ":saml-provider/" in provider for provider in subject.principals("Federated")
    ):
        return
    if any(subject.binds(condition) for condition in subject.on("SAML:aud")):
        return
    partition = subject.role.partition if subject.role is not None else "aws"
    audience = _SAML_AUDIENCE.get(partition, "https://signin.aws.amazon.com/saml")
    why = "SAML assertions for any audience are accepted. Restrict them to AWS with SAML:aud."
    yield subject.finding(
        "saml_audience_missing",
        "warning",
        why,
        with_condition(subject.raw, "StringEquals", "SAML:aud", audience),
    )
