"""A container credential endpoint whose session is replaced twenty times a second.

Prints one line of JSON with its address, serves until its input ends, and prints the number of
renewals.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from datetime import UTC, datetime, timedelta

from support.endpoint import Source, serving

_SECONDS = 0.05


def main() -> None:
    """Serve."""
    source = Source(lambda: datetime.now(UTC))
    with serving(source) as running:
        address = running.server.address
        told = {
            "pid": os.getpid(),
            "port": address.port,
            "path": address.path,
            "token": address.token.reveal(),
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        over = threading.Event()

        def renew() -> None:
            while not over.wait(_SECONDS):
                source.minutes += timedelta(seconds=1) / timedelta(minutes=1)
                running.credentials.renew()

        renewing = threading.Thread(target=renew)
        renewing.start()
        sys.stdin.read()
        over.set()
        renewing.join()
        sys.stdout.write(f"{source.calls}\n")


if __name__ == "__main__":
    main()
