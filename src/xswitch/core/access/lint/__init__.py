"""Findings on trust policies, and on identity policies that allow assuming roles.

docs/access-formats.md lists the codes. Plans and their warnings are elsewhere in core/access.
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

# Roles of AWS, whose trust policies can't be changed.
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


def lint_trust(  # noqa: PLR0913 -- separate facts, mostly by keyword
    document: str,
    role_arn: str | None = None,
    *,
    name: str = "",
    asked_duration: int | None = None,
    max_session: int | None = None,
    own_accounts: Collection[str] = (),
) -> tuple[Finding, ...]:
    """List findings on one trust policy in the order of its statements; never raises.

    `role_arn` decides which accounts are foreign; without it, such findings have the severity info.
    `own_accounts` are other accounts of the same owner. `asked_duration` is the requested duration
    and `max_session` the role's maximum, in seconds. Roles of AWS have no findings.
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
            why = (
                f"Path and name have {len(named)} characters; "
                f"the console's switch-role form allows {MAX_CONSOLE_NAME}."
            )
            findings.append(Finding("console_name_too_long", "warning", why, str(role)))
    if asked_duration is not None and max_session is not None and asked_duration > max_session:
        role_name = role.name if role is not None else "ROLE"
        why = (
            f"AssumeRole will fail: the duration is {asked_duration} s, and the role's maximum "
            f"is {max_session} s. Reduce the duration, or: aws iam update-role "
            f"--role-name {role_name} --max-session-duration {asked_duration}"
        )
        findings.append(Finding("duration_over_maximum", "error", why, role_arn or where))
    if subjects and policy_size(document) > TRUST_QUOTA:
        why = f"It has {policy_size(document)} characters; the default quota is {TRUST_QUOTA}."
        findings.append(Finding("trust_size", "info", why, where))
    return tuple(findings)


def lint_permissions(
    document: str, *, name: str = "", role_arn: str | None = None
) -> tuple[Finding, ...]:
    """List findings on the permission to assume roles in one identity policy; never raises.

    `role_arn` is the intended role, for the corrected statements.
    """
    role = parse_role_arn(role_arn) if role_arn else None
    findings, subjects = parse_statements(
        document, PolicyKind.IDENTITY, name or "identity policy", role, frozenset()
    )
    return (*findings, *_run_rules(subjects, _PERMISSIONS))


def _run_rules(subjects: Iterable[LintedStatement], rules: tuple[Rule, ...]) -> list[Finding]:
    return [finding for subject in subjects for rule in rules for finding in rule(subject)]
