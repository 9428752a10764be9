"""Who am I, and where, by boto3 with nothing but the environment and the shared config.

Prints the ARN and the region. An argument is a config file, named in code as programs do. With
`--serve`, a process with boto3 loaded does that in a child of its own for each line of JSON on
stdin, `{"env": {}, "words": [], "cwd": ""}`, and answers with `{"code": 0, "out": "", "err": ""}`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any

import boto3
import botocore.session


def main(words: list[str]) -> None:
    """Print who this is."""
    session = botocore.session.Session()
    if words:
        session.set_config_variable("config_file", words[0])
    client = boto3.Session(botocore_session=session).client("sts")
    sys.stdout.write(f"{client.get_caller_identity()['Arn']} {client.meta.region_name}\n")


def serve() -> None:
    """Answer each line."""
    for line in sys.stdin:
        asked = json.loads(line)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if not child:
                _child(asked, out.fileno(), err.fileno())
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            texts = [_text(out.fileno()), _text(err.fileno())]
        sys.stdout.write(json.dumps({"code": code, "out": texts[0], "err": texts[1]}) + "\n")
        sys.stdout.flush()


def _text(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(os.dup(descriptor), encoding="utf-8", errors="replace") as file:
        return file.read()


def _child(asked: dict[str, Any], out: int, err: int) -> None:
    code = 1
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        for here, there in ((null, 0), (out, 1), (err, 2)):
            os.dup2(here, there)
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        main(asked["words"])
        code = 0
    except Exception as error:  # noqa: BLE001 -- said as a program does that ends by it
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        serve()
    else:
        main(sys.argv[1:])
