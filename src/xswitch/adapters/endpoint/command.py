"""Run a command with an endpoint that serves until the command ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from xswitch.adapters.endpoint.files import EndpointFiles
from xswitch.adapters.endpoint.renewal import RenewedCredentials
from xswitch.adapters.endpoint.server import EndpointServer
from xswitch.adapters.system.foreground_child import Command, Foreground
from xswitch.core.sessions.container_endpoint import child_environment


def run_with_endpoint(
    command: Command,
    environ: Mapping[str, str],
    region: str,
    credentials: RenewedCredentials,
    now: Callable[[], datetime],
) -> int:
    """Run a command in `environ`; it gets `credentials` from an endpoint of its own.

    Returns its exit code, or minus the signal that killed it. Nothing serves and no file is left
    when this returns or raises. Raises OSError if the command can't be started, and
    SystemRefusedError.
    """
    with Foreground() as foreground:
        server = EndpointServer(credentials, now)
        try:
            files = EndpointFiles(server.address, region, environ)
            try:
                server.start()
                child = child_environment(environ, server.address, files.variables, region)
                return foreground.run(command, child)
            finally:
                files.remove()
        finally:
            server.stop()
