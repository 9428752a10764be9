"""The AWS CLI v2 of Debian, loaded once: a command is run in a fork, which saves most of its time.

Start it with the interpreter of /usr/bin/aws, in the HOME of all commands, whose folders botocore
takes at its import. A line of stdin is one command, as JSON: `{"env": {}, "words": []}`. It is
answered by a line with `{"code": 0, "out": "", "err": ""}`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile

import awscli.clidriver  # type: ignore[import-not-found] # of that interpreter


def text(descriptor: int) -> str:
    """Return all that was written to a file."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(os.dup(descriptor), encoding="utf-8", errors="replace") as file:
        return file.read()


for line in sys.stdin:
    asked = json.loads(line)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            code = 255
            try:
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                os.environ.update(asked["env"])  # its own import has set one more
                sys.argv = ["aws", *asked["words"]]
                code = awscli.clidriver.main()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        texts = [text(out.fileno()), text(err.fileno())]
    sys.stdout.write(json.dumps({"code": code, "out": texts[0], "err": texts[1]}) + "\n")
    sys.stdout.flush()
