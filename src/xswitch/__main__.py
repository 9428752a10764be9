"""The entry point: looks at argv[1] before importing anything."""

from __future__ import annotations


def main() -> int:
    """Run xswitch; the exit code."""
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
