"""Requests to STS, IAM, and Organizations: what they name, who sent them, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qsl

from xswitch.emulator import iam, organizations, sigv4, sts, xml
from xswitch.emulator.callers import AuthenticatedCall, UnsignedCall, authenticate
from xswitch.emulator.clock import EmulatorClock
from xswitch.emulator.errors import EmulatedAwsError
from xswitch.emulator.http import HttpResponse
from xswitch.emulator.sigv4 import HttpRequest
from xswitch.emulator.stores import SessionStore, StateStore

_SUBJECT_PARAMETERS = (
    "RoleName",
    "UserName",
    "GroupName",
    "PolicyArn",
    "PolicyName",
    "SerialNumber",
    "PolicySourceArn",
)


class Exchange(Protocol):
    """One request of a service: what it names, and its answer."""

    @property
    def service(self) -> str:
        """The service's name in botocore."""
        ...

    @property
    def action(self) -> str:
        """The action's name, "" if the request names none."""
        ...

    @property
    def region(self) -> str:
        """The region of the request, "" if it isn't known."""
        ...

    @property
    def subject(self) -> str:
        """The entity that the request is about, "" for none."""
        ...

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters of the Query protocol."""
        ...

    def run(self) -> HttpResponse:
        """The response of the action. Raises EmulatedAwsError."""
        ...

    def refuse(self, refusal: EmulatedAwsError, /) -> HttpResponse:
        """The response with an error."""
        ...


@dataclass(frozen=True, slots=True)
class Backend:
    """The clocks and stores of an emulator."""

    clock: EmulatorClock
    wall: EmulatorClock
    state_store: StateStore
    store: SessionStore


class _SignedExchange:
    """A request; `region` is known once its signature was read."""

    def __init__(
        self, backend: Backend, request: HttpRequest, request_id: str, source_ip: str
    ) -> None:
        self._backend, self._request = backend, request
        self._request_id, self._source_ip = request_id, source_ip
        self.region = ""

    def _authenticated(
        self, action: str, parameters: Mapping[str, str], service: str
    ) -> AuthenticatedCall:
        now = self._backend.clock.now()
        caller, claim = authenticate(
            self._request,
            self._backend.state_store.seen(),
            self._backend.store,
            now=now,
            wall=self._backend.wall.now(),
            service=service,
        )
        self.region = claim.region
        agent = self._request.headers.get("user-agent", "")
        return AuthenticatedCall(
            action, parameters, caller, claim.region, now, self._source_ip, agent
        )


class _QueryExchange(_SignedExchange):
    """A request of the Query protocol, for STS or IAM."""

    def __init__(
        self, backend: Backend, request: HttpRequest, request_id: str, source_ip: str
    ) -> None:
        super().__init__(backend, request, request_id, source_ip)
        self.parameters = dict(parse_qsl(request.query, keep_blank_values=True))
        if request.method == "POST":
            self.parameters |= dict(
                parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
            )
        by_version = iam if self.parameters.get("Version") == iam.API_VERSION else sts
        name = sigv4.scoped_service(request)
        self._module = {"iam": iam, "sts": sts}.get(name, by_version)
        self.service = self._module.NAME
        self.action = self.parameters.get("Action", "")

    @property
    def subject(self) -> str:
        """The name or ARN of an IAM request's entity, "" for none."""
        given = (self.parameters[name] for name in _SUBJECT_PARAMETERS if name in self.parameters)
        return next(given, "")

    def refuse(self, refusal: EmulatedAwsError) -> HttpResponse:
        """The response with an error."""
        body = xml.error_body(refusal, self._request_id, self._module.NAMESPACE)
        return HttpResponse(refusal.status, body, self._request_id)

    def run(self) -> HttpResponse:
        """The response of the action. Raises EmulatedAwsError."""
        module, backend = self._module, self._backend
        action = module.known(self.parameters)
        world = backend.state_store.seen()
        result: Mapping[str, xml.XmlNode] | None
        if module is sts and action in sts.UNSIGNED_ACTIONS:
            result = sts.perform_unsigned(self._unsigned(action), world, backend.store)
        else:
            call = self._authenticated(action, self.parameters, module.NAME)
            result = (
                iam.perform(call, backend.state_store, backend.store)
                if module is iam
                else sts.perform(call, world, backend.store)
            )
        body = xml.response_body(action, result, self._request_id, module.NAMESPACE)
        return HttpResponse(HTTPStatus.OK, body, self._request_id)

    def _unsigned(self, action: str) -> UnsignedCall:
        agent = self._request.headers.get("user-agent", "")
        now = self._backend.clock.now()
        return UnsignedCall(action, self.parameters, now, self._source_ip, agent)


class _OrganizationsExchange(_SignedExchange):
    """A request to Organizations, whose action is in a header."""

    service = organizations.NAME
    subject = ""

    def __init__(
        self, backend: Backend, request: HttpRequest, request_id: str, source_ip: str
    ) -> None:
        super().__init__(backend, request, request_id, source_ip)
        self.action = organizations.action_of(request)
        self.parameters: Mapping[str, str] = {}

    def refuse(self, refusal: EmulatedAwsError) -> HttpResponse:
        """The response with an error."""
        return organizations.error_response(refusal, self._request_id)

    def run(self) -> HttpResponse:
        """The response of the action. Raises EmulatedAwsError."""
        call = self._authenticated(self.action, {}, organizations.NAME)
        parameters = organizations.parameters_of(self._request)
        result = organizations.perform(call, parameters, self._backend.state_store.seen())
        return organizations.result_response(result, self._request_id)


def signed_exchange(
    backend: Backend, request: HttpRequest, request_id: str, source_ip: str
) -> Exchange:
    """The exchange of a request to STS, IAM, or Organizations."""
    if organizations.action_of(request):
        return _OrganizationsExchange(backend, request, request_id, source_ip)
    return _QueryExchange(backend, request, request_id, source_ip)
