"""The embedded AWS behind its HTTP server: services, faults, and state."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from xswitch.core.errors import SettingsError
from xswitch.emulator import identity_center, signin
from xswitch.emulator.clock import EmulatorClock, MachineClock, MovableClock, ShiftedClock
from xswitch.emulator.errors import EmulatedAwsError
from xswitch.emulator.exchanges import Backend, Exchange, signed_exchange
from xswitch.emulator.faults import REPLACING, FaultInjector, FaultKind, corrupted, fault_response
from xswitch.emulator.http import HOST, HttpResponse, HttpServer, new_request_id
from xswitch.emulator.identity_center import SignInStore
from xswitch.emulator.signin import LoginStore
from xswitch.emulator.sigv4 import HttpRequest
from xswitch.emulator.state import AwsState
from xswitch.emulator.stores import SessionStore, StateStore

ADMIN_PATH = "/_xswitch/"
_ADMIN = frozenset(
    {("POST", "clock"), ("GET", "clock"), ("GET", "calls"), ("GET", "state"), ("POST", "state")}
)
_KEY_ID = re.compile(r"Credential=([^/,\s]+)")


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A received request and its outcome.

    `error` is AWS's code or the fault's name, "" for a good answer; `subject` is the name or ARN of
    an IAM request's entity, or an account and permission set. `service` is botocore's name: sts,
    iam, organizations, sso-oidc, sso, signin.
    """

    action: str
    access_key_id: str
    role_arn: str
    time: datetime
    region: str = ""
    error: str = ""
    subject: str = ""
    service: str = ""


class EmbeddedAws:
    """A strict AWS on 127.0.0.1: a context manager, or `start` and `close`.

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
        self.sign_ins = SignInStore()
        self.logins = LoginStore()
        self._backend = Backend(self.clock, self.wall, self.state_store, self.store)
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

    def count(self, action: str, service: str = "") -> int:
        """The number of requests for an action, refused ones and retries included.

        `service` tells actions of one name apart; "" counts them all.
        """
        return sum(call.action == action and service in ("", call.service) for call in self.calls)

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
        exchange = self._exchange(request, request_id, source_ip)
        faults = self.faults.take(exchange.action, exchange.service)
        for fault in faults:
            if fault.kind is FaultKind.DELAY:
                self.faults.released.wait(fault.seconds)
        replacing = next((fault for fault in faults if fault.kind in REPLACING), None)
        if replacing is not None:
            self._record(request, exchange, replacing.code or replacing.kind.value)
            return fault_response(replacing, exchange.service, request_id, exchange.refuse)
        try:
            response = exchange.run()
        except EmulatedAwsError as refusal:
            self._record(request, exchange, refusal.code)
            return exchange.refuse(refusal)
        self._record(request, exchange, "")
        if any(fault.kind is FaultKind.LOST for fault in faults):
            return None
        for fault in faults:
            response = replace(response, body=corrupted(fault, response.body))
        return response

    def _exchange(self, request: HttpRequest, request_id: str, source_ip: str) -> Exchange:
        world, now = self.state_store.seen(), self.clock.now()
        host = f"{HOST}:{self.port}"
        by_path = identity_center.operation(
            request, request_id, world, self.sign_ins, self.store, now=now, default_host=host
        ) or signin.operation(
            request,
            request_id,
            world,
            self.logins,
            self.store,
            now=now,
            wall=self.wall.now(),
            default_host=host,
            source_ip=source_ip,
        )
        return by_path or signed_exchange(self._backend, request, request_id, source_ip)

    def _record(self, request: HttpRequest, exchange: Exchange, error: str) -> None:
        parameters = exchange.parameters
        credential = _KEY_ID.search(request.headers.get("authorization", ""))
        key_id = (
            credential[1]
            if credential
            else parameters.get("X-Amz-Credential", "").partition("/")[0]
        )
        entry = RecordedRequest(
            exchange.action,
            key_id,
            parameters.get("RoleArn", ""),
            self.clock.now(),
            exchange.region,
            error,
            exchange.subject,
            exchange.service,
        )
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
