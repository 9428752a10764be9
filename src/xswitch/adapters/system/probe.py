"""What `doctor` looks at in the world.

Whether STS answers and what time it has, and what is at a path.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from xswitch.core.errors import ErrorCode
from xswitch.core.errors.sts import ApiCall, connection_error
from xswitch.core.model import Endpoint, FileInfo, ProbeResult
from xswitch.threads import Timeouts, run_with_timeout


class HttpStsProbe:
    """Fulfils `actions.ports.StsProbe`.

    One unsigned request, so no credentials are needed and none are sent.
    """

    def __init__(self, seconds: float = 3.0) -> None:
        self._seconds = seconds

    def reach(self, endpoint: Endpoint) -> ProbeResult:
        """The server's time and how long it took. Any HTTP answer counts.

        Raises NetworkError after at most a few seconds.
        """
        # They import botocore, which takes 160 ms.
        from xswitch.adapters.aws import clients as stsclient  # noqa: PLC0415
        from xswitch.adapters.aws import errors, sts_xml  # noqa: PLC0415

        call = ApiCall("The probe", endpoint.region, url=endpoint.url or "")
        limits = Timeouts(connect=self._seconds, read=self._seconds, total=self._seconds, tries=1)

        try:
            clients = stsclient.ClientCache(limits)
            clients.get(endpoint)
            date, seconds = run_with_timeout(limits.total, lambda: clients.look(endpoint))
            return ProbeResult(sts_xml.server_time(date), round(seconds * 1000))
        except TimeoutError:
            raise connection_error(
                call, ErrorCode.TIMEOUT, f"There was no answer within {limits.total:g} seconds."
            ) from None
        except Exception as error:  # noqa: BLE001 -- botocore raises far outside its own tree
            raise errors.translate_connection_error(error, call) from None


class OsFileInspector:
    """Fulfils `actions.ports.FileInspector` by the operating system."""

    def look(self, path: str) -> FileInfo:
        """What is at `path`, links followed; what can't be looked at doesn't exist.

        Never raises.
        """
        try:
            found = Path(path).stat()
            folder = stat.S_ISDIR(found.st_mode)
            return FileInfo(
                path=path,
                exists=True,
                folder=folder,
                mode=None if os.name == "nt" else stat.S_IMODE(found.st_mode),
                mine=os.name == "nt" or found.st_uid == os.geteuid(),
                executable=not folder and os.access(path, os.X_OK),
            )
        except (OSError, ValueError):
            return FileInfo(path=path, exists=False)
