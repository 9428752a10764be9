"""Use cases that return hostile texts from the config, AWS, IAM, and the settings."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from types import MappingProxyType
from typing import Any

from support.access.fake_actions import LINK, SOURCE, TARGET
from support.explain.samples import denied, hidden
from support.tui.fake_actions import DEVICE, FakeActions, make_hop, make_role, sample_listing
from support.tui.fake_sso import FakePortals, FakeSso
from xswitch.actions.access.api import (
    AccessActions,
    AccessApplyResult,
    AccessCheckResult,
    AccessInputs,
    AccessPlanResult,
    ChangeListener,
)
from xswitch.actions.ports import MfaPrompt, Progress
from xswitch.actions.results import Listing, SourceInfo, SwitchOptions, SwitchResult
from xswitch.actions.sso.discovery import Show
from xswitch.actions.sso.portals import AddingSession
from xswitch.actions.sso.sign_in import SignInOptions, SignInResult
from xswitch.actions.sso.sign_in_ports import SignInPrompt, SignInUi
from xswitch.actions.sso.sign_out import SignOutResult
from xswitch.core.access.model import (
    AccessPlan,
    AccessRequest,
    AccountPlan,
    AccountSide,
    Finding,
    IamCall,
    IamChange,
    PrincipalType,
    TrustedPrincipal,
)
from xswitch.core.errors import (
    AwsDeniedError,
    CancelledError,
    ConfigError,
    SignInError,
    XswitchError,
)
from xswitch.core.explain.model import Explanation
from xswitch.core.model import (
    CallerIdentity,
    ConfigPaths,
    ConfigView,
    CredentialSource,
    CredentialSourceKind,
    Guard,
    MfaChallenge,
    Origin,
    Problem,
    Profile,
    Role,
    SetProfile,
    Settings,
    SsoRole,
    SsoSession,
)
from xswitch.core.roles.sources import sso_source
from xswitch.core.sso.portal_list import PortalList

A_ROLE = 21
"""Number of texts in a role of `HostileActions`."""
CODE, CONFIRM = "123456", "[@click=app.quit]yes[/]"
_LONG_ENOUGH_TO_BE_SEEN = 0.3


class Texts:
    """Repeats the texts in order."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.all = tuple(texts)
        self._next = cycle(texts)

    def __call__(self) -> str:
        return next(self._next)

    def some(self, how_many: int) -> list[str]:
        return [self() for _ in range(how_many)]

    def error(self, kind: type[XswitchError] = AwsDeniedError) -> XswitchError:
        return kind(self(), why=self(), next_step=self())


def hostile_roles(text: Texts, *, guarded: bool) -> tuple[Role, ...]:
    """Return roles whose texts are all hostile, enough for every text to occur."""
    return tuple(
        _role(text, number, guarded=guarded) for number in range(-(-len(text.all) // A_ROLE))
    )


def _role(text: Texts, number: int, *, guarded: bool) -> Role:
    name, role = f"{number:03} {text()}", text()
    tags = ((text(), text()),)
    more: dict[str, Any] = {
        "external_id": text(),
        "session_name": text(),
        "tags": tags,
        "source_identity": text(),
    }
    hop = make_hop(name, "222222222222", role, 10, **more)._replace(
        role_arn=f"arn:aws:iam::222222222222:role/{text()}",
    )
    where = Origin(f"/home/{text()}", 7)
    return make_role(
        name,
        "222222222222",
        role,
        base=CredentialSource(
            CredentialSourceKind.STATIC_KEYS, text(), "AKIAEXAMPLE", where, text()
        ),
        hops=(hop._replace(origin=where),),
        mfa=f"{DEVICE}{text()}",
        region=text(),
        account_name=text(),
        managed_profile=f"xs-{text()}",
        note=text(),
        duration_reason=text(),
        guard=Guard(text(), "red", CONFIRM, 900) if guarded else Guard(text(), "blue", "", None),
        problems=(Problem("other", text(), "warning", f"/home/{text()}", 9, name),),
    )


@dataclass
class HostileActions(FakeActions):
    """Returns `text` everywhere; a switch asks for two codes and fails."""

    text: Texts = field(default_factory=lambda: Texts(("x",)))
    empty: bool = False
    readings: int = 0

    def fill(self, now: datetime, *, guarded: bool, sso: bool = False) -> None:
        """Set a listing of hostile roles; with `sso`, they need a sign-in."""
        text = self.text
        settings = Settings(account_names=MappingProxyType({"222222222222": text()}), theme="dark")
        listing = sample_listing(now, roles=hostile_roles(text, guarded=guarded), settings=settings)
        problems = tuple(Problem("other", one, "warning", f"/home/{one}", 3) for one in text.all)
        base = SourceInfo(text(), text(), "static_keys")
        self.answer = replace(listing, problems=problems, base=base, vault_label=text())
        self.sso, self.portals = HostileSso(text), HostilePortals(text)
        if sso:
            sign_ins = tuple(replace(_session(text), name=one) for one in text.all)
            roles = tuple(_signing_in(role) for role in listing.roles)
            self.answer = replace(self.answer, roles=roles, sign_ins=sign_ins)
        self.profiles = {one: Profile(one, {}, Origin(one, 1)) for one in text.all}

    def listing(self) -> Listing:
        if not self.empty:
            return self.answer
        self.readings += 1
        if self.readings % 2:
            return replace(self.answer, roles=(), sessions={})
        raise self.text.error(ConfigError)

    def config(self) -> ConfigView:
        view = super().config()
        return (
            replace(view, paths=ConfigPaths(self.text(), view.paths.credentials))
            if self.empty
            else view
        )

    def switch(
        # The port's signature
        self,
        role: Role,  # noqa: ARG002
        options: SwitchOptions,  # noqa: ARG002
        ask: MfaPrompt,
        progress: Progress,
    ) -> SwitchResult:
        ask.code(MfaChallenge(self.text(), self.text(), 1, ""))
        ask.code(MfaChallenge(self.text(), self.text(), 2, self.text()))
        progress(self.text())
        progress(self.text())
        time.sleep(_LONG_ENOUGH_TO_BE_SEEN)
        raise self.text.error()

    def explain_failure(
        # The port's signature
        self,
        role: Role,
        error: XswitchError,  # noqa: ARG002
        options: SwitchOptions | None = None,  # noqa: ARG002
    ) -> Explanation:
        return hostile_explanation(self.text, role.name)


def _signing_in(role: Role) -> Role:
    assert role.chain is not None
    old = role.chain.base
    session = SsoSession(old.profile or "", "https://corp.awsapps.com/start", "eu-west-1")
    listed = SsoRole(session, role.account_id, role.role_name)
    base = replace(sso_source(listed, old.profile, old.origin), detail=old.detail)
    return role._replace(chain=replace(role.chain, base=base))


def _session(text: Texts) -> SsoSession:
    return SsoSession(text(), "https://corp.awsapps.com/start", "eu-west-1")


class HostileSso(FakeSso):
    """Shows hostile prompts, and fails."""

    def __init__(self, text: Texts) -> None:
        super().__init__()
        self.text = text

    def find(self, target: str) -> SsoSession:
        del target
        return _session(self.text)

    def signed_in(self, sessions: Sequence[SsoSession]) -> frozenset[str]:
        return frozenset(session.label for session in sessions)

    def sign_in(self, session: SsoSession, options: SignInOptions, ui: SignInUi) -> SignInResult:
        del options
        text = self.text
        until = datetime.now(UTC) + timedelta(minutes=10)
        url = f"https://{' '.join(text.some(3))}"
        code, short_url = " ".join(text.some(3)), f"https://{text()}"
        ui.show(SignInPrompt(session.label, url, until, user_code=code, short_url=short_url))
        ui.progress(" ".join(text.some(3)))
        for _ in range(6):
            ui.waiting(60)
            time.sleep(_LONG_ENOUGH_TO_BE_SEEN / 2)
            if ui.cancelled():
                raise CancelledError("no")
        raise SignInError(
            " ".join(text.some(3)), why=" ".join(text.some(3)), next_step=" ".join(text.some(3))
        )

    def sign_out(self, target: str) -> tuple[SignOutResult, ...]:
        del target
        return (SignOutResult(self.text(), was_signed_in=True),)


class HostilePortals(FakePortals):
    """Fails to list with hostile texts, and plans hostile lines."""

    def __init__(self, text: Texts) -> None:
        super().__init__()
        self.text = text

    def refresh(self, session: SsoSession, show: Show) -> PortalList:
        del session, show
        raise self.text.error()

    def plan_session(
        self, name: str, start_url: str, region: str, scopes: Sequence[str] = ()
    ) -> AddingSession:
        del scopes
        session = SsoSession(name, f"{start_url}{self.text()}", region)
        edit = SetProfile("config", name, {}, section="sso-session")
        lines = tuple(f"+{one}" for one in self.text.all)
        return AddingSession(session, self.text(), (edit,), lines)


def hostile_explanation(text: Texts, target: str) -> Explanation:
    """Return an explanation with hostile AWS messages, ARNs, policies, and next steps."""
    plain = denied(target)
    cause, other = plain.causes[0], hidden(target).causes[0]
    statement = json.dumps({text(): text()}, indent=2, ensure_ascii=False)
    raw = f'{{\n  "{text()}"\n}}'
    return replace(
        plain,
        hops=tuple(
            replace(
                hop,
                profile=text(),
                principal_arn=text(),
                role_arn=text() if hop.number else "",
                text=text(),
            )
            for hop in plain.hops
        ),
        causes=(
            replace(cause, evidence=text(), statement=statement, next_step=text(), where=text()),
            replace(other, evidence=text(), statement=raw, next_step=text(), where=text()),
        ),
        sources_read=tuple(text.some(2)),
        requirements=tuple(replace(piece, detail=text()) for piece in plain.requirements),
    )


@dataclass
class HostileAccess(AccessActions):
    """Access actions with hostile texts from IAM. The first apply and the first check fail."""

    text: Texts
    applied: int = 0
    checked: int = 0

    def plan(self, inputs: AccessInputs, ask: MfaPrompt, progress: Progress) -> AccessPlanResult:  # noqa: ARG002 -- the port's signature
        text = self.text
        progress(text())
        time.sleep(_LONG_ENOUGH_TO_BE_SEEN)
        if not self.applied:
            self.applied = 1
            raise text.error()
        who = TrustedPrincipal(PrincipalType.USER, SOURCE, text(), text())
        request = AccessRequest(
            "aws", TARGET, text(), who, tags=((text(), text()),), description=text()
        )
        sides = [
            self._side(side, chunk)
            for side, chunk in _dealt([*text.all, *text.some(-len(text.all) % 8)])
        ]
        warnings = tuple(Finding("long_session", "warning", text(), text()) for _ in range(2))
        return AccessPlanResult(
            inputs, AccessPlan(request, sides[1], sides[0], text(), text(), warnings), LINK
        )

    def _side(self, side: AccountSide, texts: list[str]) -> AccountPlan:
        # The summary, the old, and the new document each hold about a third.
        changes = []
        for number in range(0, len(texts), 4):
            summary, subject, before, after = [*texts[number : number + 4], "", "", ""][:4]
            call = IamCall("PutRolePolicy", {"RoleName": summary, "PolicyDocument": after})
            changes.append(
                IamChange(
                    side,
                    subject,
                    f"{summary} {subject}",
                    call,
                    (call,),
                    _document(before),
                    _document(after),
                )
            )
        account = SOURCE if side is AccountSide.SOURCE else TARGET
        return AccountPlan(side, account, self.text(), seen=True, changes=tuple(changes))

    def apply(
        # The port's signature
        self,
        planned: AccessPlanResult,
        ask: MfaPrompt,  # noqa: ARG002
        steps: ChangeListener,
    ) -> AccessApplyResult:
        every = tuple((side.side, change) for side in planned.plan.sides for change in side.changes)
        self.applied += 1
        if self.applied == 2:
            steps(*every[0], "doing")
            steps(*every[0], "done")
            steps(*every[1], "failed")
            return AccessApplyResult(planned, every[:1], every[1:], self.text.error())
        for side, change in every:
            steps(side, change, "done")
        return AccessApplyResult(planned, every)

    def rollback(
        # The port's signature
        self,
        applied: AccessApplyResult,
        ask: MfaPrompt,  # noqa: ARG002
        steps: ChangeListener,
    ) -> AccessApplyResult:
        for side, change in applied.done:
            steps(side, change, "taken_back")
        return AccessApplyResult(applied.planned, applied.done)

    def check(
        # The port's signature
        self,
        planned: AccessPlanResult,  # noqa: ARG002
        ask: MfaPrompt,
        progress: Progress,
    ) -> AccessCheckResult:
        text = self.text
        progress(text())
        ask.code(MfaChallenge(text(), text(), 2, text()))
        self.checked += 1
        if self.checked == 1:
            raise text.error()
        ends = datetime.now(UTC) + timedelta(hours=1)
        return AccessCheckResult(
            CallerIdentity(TARGET, text(), text()), ends, text(), f"xs {text()}", LINK, 1
        )

    def lint(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


def _dealt(texts: list[str]) -> tuple[tuple[AccountSide, list[str]], ...]:
    half = len(texts) // 2
    return ((AccountSide.SOURCE, texts[:half]), (AccountSide.TARGET, texts[half:]))


def _document(text: str) -> str:
    return json.dumps({"Sid": text}, indent=2, ensure_ascii=False) + "\n" + text
