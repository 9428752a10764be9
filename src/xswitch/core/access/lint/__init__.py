"""Findings on trust policies, and on the policies that let somebody assume roles.

Docs/access-formats.md lists the codes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from xswitch.core.access.console import MAX_CONSOLE_NAME
from xswitch.core.access.lint.actions import never_matching, trust_actions
from xswitch.core.access.lint.conditions import absent_keys, external_ids, literal_wildcards
from xswitch.core.access.lint.federation import oidc, saml
from xswitch.core.access.lint.mfa import mfa
from xswitch.core.access.lint.parse import parse_statements
from xswitch.core.access.lint.permissions import assume_permission_findings
from xswitch.core.access.lint.principals import principal_findings, third_parties
from xswitch.core.access.lint.services import confused_deputy
from xswitch.core.access.lint.statement import LintedStatement
from xswitch.core.access.model import Finding
from xswitch.core.access.warnings import TRUST_QUOTA, policy_size
from xswitch.core.arn import parse_role_arn
from xswitch.core.policy import PolicyKind

__all__ = ["lint_permissions", "lint_trust"]

Rule = Callable[[LintedStatement], Iterator[Finding]]

# Roles that AWS keeps itself: nobody in the account can change their trust policies.
_AWS_OWNED_PATHS = ("/aws-service-role/", "/aws-reserved/")
_CONDITIONS: tuple[Rule, ...] = (mfa, external_ids, absent_keys, literal_wildcards)
_TRUST: tuple[Rule, ...] = (
    principal_findings,
    third_parties,
    confused_deputy,
    oidc,
    saml,
    trust_actions,
    never_matching,
    *_CONDITIONS,
)
_PERMISSIONS: tuple[Rule, ...] = (assume_permission_findings, *_CONDITIONS)


def lint_trust(  # noqa: PLR0913 -- each is a separate fact, all but two by keyword
    document: str,
    role_arn: str | None = None,
    *,
    name: str = "",
    asked_duration: int | None = None,
    max_session: int | None = None,
    own_accounts: Collection[str] = (),
) -> tuple[Finding, ...]:
    """Findings on one trust policy, in the order of its statements.

    Nothing is raised, text that is no policy is a finding too.

    `role_arn` says which accounts are foreign; without it, those that may be are told with the
    severity info. `own_accounts` are account ids known to be of the same owner. `asked_duration`
    and `max_session` are seconds: what is asked for, and the role's maximum. Service-linked and
    reserved roles have no findings.
    """
    role = parse_role_arn(role_arn) if role_arn else None
    if role is not None and role.path.startswith(_AWS_OWNED_PATHS):
        return ()
    where = name or (f"trust policy of {role_arn}" if role_arn else "trust policy")
    findings, subjects = parse_statements(
        document, PolicyKind.TRUST, where, role, frozenset(own_accounts)
    )
    findings += _run_rules(subjects, _TRUST)
    if role is not None:
        named = f"{role.path}{role.name}".removeprefix("/")
        if len(named) > MAX_CONSOLE_NAME:
            why = f"Path and name have {len(named)} characters; the console's switch-role form takes {MAX_CONSOLE_NAME}."
            findings.append(Finding("console_name_too_long", "warning", why, str(role)))
    if asked_duration is not None and max_session is not None and asked_duration > max_session:
        why = (
            f"{asked_duration} s are asked for, and the role's maximum is {max_session} s: AssumeRole will fail. "
            f"Ask for less, or: aws iam update-role --role-name {role.name if role is not None else 'ROLE'} "
            f"--max-session-duration {asked_duration}"
        )
        findings.append(Finding("duration_over_maximum", "error", why, role_arn or where))
    if subjects and policy_size(document) > TRUST_QUOTA:
        why = f"It has {policy_size(document)} characters; the quota is {TRUST_QUOTA} unless it was raised."
        findings.append(Finding("trust_size", "info", why, where))
    return tuple(findings)


def lint_permissions(
    document: str, *, name: str = "", role_arn: str | None = None
) -> tuple[Finding, ...]:
    """Findings on one identity policy of those who switch, as far as it is about assuming roles.

    `role_arn` is the role that is meant, for the corrected statements. Nothing is raised.
    """
    role = parse_role_arn(role_arn) if role_arn else None
    findings, subjects = parse_statements(
        document, PolicyKind.IDENTITY, name or "identity policy", role, frozenset()
    )
    return (*findings, *_run_rules(subjects, _PERMISSIONS))


def _run_rules(subjects: Iterable[LintedStatement], rules: tuple[Rule, ...]) -> list[Finding]:
    return [finding for subject in subjects for rule in rules for finding in rule(subject)]
