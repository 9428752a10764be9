"""The embedded AWS as an HTTP server on loopback."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from xswitch.core.errors import SettingsError
from xswitch.emulator import iam, sigv4, sts, xml
from xswitch.emulator.callers import AuthenticatedCall, authenticate
from xswitch.emulator.clock import EmulatorClock, MachineClock, MovableClock, ShiftedClock
from xswitch.emulator.errors import EmulatedAwsError
from xswitch.emulator.faults import REPLACING, FaultInjector, FaultKind, corrupted, fault_response
from xswitch.emulator.http import HOST, HttpResponse, HttpServer, new_request_id
from xswitch.emulator.sigv4 import HttpRequest
from xswitch.emulator.state import AwsState
from xswitch.emulator.stores import SessionStore, StateStore

ADMIN_PATH = "/_xswitch/"
_ADMIN = frozenset(
    {("POST", "clock"), ("GET", "clock"), ("GET", "calls"), ("GET", "state"), ("POST", "state")}
)
_SUBJECT_PARAMETERS = (
    "RoleName",
    "UserName",
    "GroupName",
    "PolicyArn",
    "PolicyName",
    "SerialNumber",
    "PolicySourceArn",
)
_KEY_ID = re.compile(r"Credential=([^/,\s]+)")


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A received request and its outcome.

    `error` is AWS's code or the fault's name, "" for a good answer; `subject` is the name or ARN of
    an IAM request's entity.
    """

    action: str
    access_key_id: str
    role_arn: str
    time: datetime
    region: str = ""
    error: str = ""
    subject: str = ""


class EmbeddedAws:
    """A strict STS and IAM on 127.0.0.1: a context manager, or `start` and `close`.

    `clock` is the time for sessions and MFA codes (default: the machine's plus the state's
    `clock_offset`, movable); `wall` is the time for signatures and the Date header, because clients
    sign by their own clock. `admin` opens the control paths of docs/demo.md.
    """

    def __init__(  # noqa: PLR0913 -- what a test may set, each with a default
        self,
        world: AwsState,
        *,
        clock: MovableClock | None = None,
        wall: EmulatorClock | None = None,
        faults: FaultInjector | None = None,
        port: int = 0,
        admin: bool = False,
    ) -> None:
        self.clock: MovableClock = clock or ShiftedClock(offset_seconds=world.clock_offset)
        self.state_store = StateStore(world, self.clock)
        self.wall: EmulatorClock = wall or MachineClock()
        self.faults = faults or FaultInjector()
        self.store = SessionStore()
        self.admin = admin
        self._recorded: list[RecordedRequest] = []
        self._lock = threading.Lock()
        self._http = HttpServer(port, self.answer, self.wall)
        self._thread: threading.Thread | None = None

    @property
    def world(self) -> AwsState:
        """The state with every change; setting it takes effect at once."""
        return self.state_store.current

    @world.setter
    def world(self, world: AwsState) -> None:
        self.state_store.put(world)

    @property
    def port(self) -> int:
        """The listening port, chosen at construction."""
        return int(self._http.server_address[1])

    @property
    def endpoint(self) -> str:
        """The URL, without a trailing slash."""
        return f"http://{HOST}:{self.port}"

    @property
    def calls(self) -> list[RecordedRequest]:
        """Every request so far, oldest first."""
        with self._lock:
            return list(self._recorded)

    def count(self, action: str) -> int:
        """The number of requests for an action, refused ones and retries included."""
        return sum(call.action == action for call in self.calls)

    def start(self) -> Self:
        """Serve in a thread."""
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()
        return self

    def serve(self) -> None:
        """Serve in this thread until `shutdown` or KeyboardInterrupt."""
        self._http.serve_forever(poll_interval=0.1)

    def close(self) -> None:
        """Stop listening, close every connection, end delays."""
        self.faults.released.set()
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join()
            self._thread = None
        self._http.server_close()
        self._http.drop_connections()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def answer(self, request: HttpRequest, source_ip: str = HOST) -> HttpResponse | None:
        """The response to a request, faults included; None resets the connection."""
        request_id = new_request_id()
        if request.path.startswith(ADMIN_PATH):
            return self._administer(request, request_id)
        parameters = dict(parse_qsl(request.query, keep_blank_values=True))
        if request.method == "POST":
            parameters |= dict(
                parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
            )
        faults = self.faults.take(parameters.get("Action", ""))
        for fault in faults:
            if fault.kind is FaultKind.DELAY:
                self.faults.released.wait(fault.seconds)
        name = sigv4.scoped_service(request)
        by_version = iam if parameters.get("Version") == iam.API_VERSION else sts
        service = {"iam": iam, "sts": sts}.get(name, by_version)
        replacing = next((fault for fault in faults if fault.kind in REPLACING), None)
        if replacing is not None:
            self._record(request, parameters, "", replacing.code or replacing.kind.value)
            return fault_response(replacing, request_id, service.NAMESPACE)
        region = ""
        try:
            action = service.known(parameters)
            now, visible_world = self.clock.now(), self.state_store.seen()
            caller, claim = authenticate(
                request,
                visible_world,
                self.store,
                now=now,
                wall=self.wall.now(),
                service=service.NAME,
            )
            region = claim.region
            call = AuthenticatedCall(
                action,
                parameters,
                caller,
                region,
                now,
                source_ip,
                request.headers.get("user-agent", ""),
            )
            result = (
                iam.perform(call, self.state_store, self.store)
                if service is iam
                else sts.perform(call, visible_world, self.store)
            )
            body = xml.response_body(action, result, request_id, service.NAMESPACE)
        except EmulatedAwsError as refusal:
            self._record(request, parameters, region, refusal.code)
            return HttpResponse(
                refusal.status, xml.error_body(refusal, request_id, service.NAMESPACE), request_id
            )
        self._record(request, parameters, region, "")
        if any(fault.kind is FaultKind.LOST for fault in faults):
            return None
        for fault in faults:
            body = corrupted(fault, body)
        return HttpResponse(HTTPStatus.OK, body, request_id)

    def _record(
        self, request: HttpRequest, parameters: Mapping[str, str], region: str, error: str
    ) -> None:
        credential = _KEY_ID.search(request.headers.get("authorization", ""))
        key_id = (
            credential[1]
            if credential
            else parameters.get("X-Amz-Credential", "").partition("/")[0]
        )
        subject = next(
            (parameters[parameter] for parameter in _SUBJECT_PARAMETERS if parameter in parameters),
            "",
        )
        action, role_arn = parameters.get("Action", ""), parameters.get("RoleArn", "")
        entry = RecordedRequest(action, key_id, role_arn, self.clock.now(), region, error, subject)
        with self._lock:
            self._recorded.append(entry)

    def _administer(self, request: HttpRequest, request_id: str) -> HttpResponse:
        """Serve the control paths; 404 unless `admin` is set."""
        name = request.path.removeprefix(ADMIN_PATH)
        if not self.admin or (request.method, name) not in _ADMIN:
            return HttpResponse(HTTPStatus.NOT_FOUND, b"{}\n", request_id, "application/json")
        try:
            if (request.method, name) == ("POST", "clock"):
                self.clock.advance(float(json.loads(request.body)["advance"]))
            elif (request.method, name) == ("POST", "state"):
                self.world = AwsState.from_json(request.body.decode("utf-8", "replace"))
        except (ValueError, KeyError, TypeError, SettingsError) as problem:
            why = problem.why if isinstance(problem, SettingsError) else 'send {"advance": seconds}'
            return HttpResponse(
                HTTPStatus.BAD_REQUEST,
                json.dumps({"error": why}).encode() + b"\n",
                request_id,
                "application/json",
            )
        if (request.method, name) == ("GET", "state"):
            return HttpResponse(
                HTTPStatus.OK, self.world.to_json().encode(), request_id, "application/json"
            )
        data: dict[str, Any] = {"now": self.clock.now().isoformat()}
        if name == "calls":
            data = {
                "calls": [
                    {"action": call.action, "role_arn": call.role_arn, "error": call.error}
                    for call in self.calls
                ]
            }
        return HttpResponse(
            HTTPStatus.OK, json.dumps(data).encode() + b"\n", request_id, "application/json"
        )
