"""Draws docs/performance.svg: the share of its limit each measurement uses, and the tools compared.

Plain SVG, readable on light and dark backgrounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from measure import Figure, Row

_WIDTH, _LABELS, _BAR, _STEP = 860, 330, 420, 24
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#57606a}.t{font-weight:600}"
    "@media(prefers-color-scheme:dark){text{fill:#9aa4ae}}"
    ".ok{fill:#2da44e}.miss{fill:#cf222e}.ours{fill:#0969da}.theirs{fill:#8c959f}"
    ".limit{stroke:#8c959f;stroke-dasharray:3 3}"
)


def svg(rows: Sequence[Row], peers: Sequence[Figure]) -> str:
    """Return the picture."""
    parts: list[str] = []
    y = 30
    parts.append(f'<text class="t" x="10" y="{y}">Share of the limit (dashed line)</text>')
    top = y + 8
    for row in rows:
        y += _STEP
        share = row.ratio / row.limit
        kind = "ok" if row.holds else "miss"
        parts.append(
            _bar(
                y,
                row.name,
                min(share, 1.3) * _BAR * 0.75,
                kind,
                f"{row.ratio:.2f} of {row.limit:g}",
            )
        )
    x = _LABELS + _BAR * 0.75
    parts.append(f'<line class="limit" x1="{x}" x2="{x}" y1="{top}" y2="{y + 6}"/>')
    y += 2 * _STEP
    parts.append(f'<text class="t" x="10" y="{y}">The same role from the same stub (ms)</text>')
    longest = max((peer.median for peer in peers), default=1.0)
    for peer in peers:
        y += _STEP
        kind = "ours" if peer.name.startswith("xswitch") else "theirs"
        parts.append(
            _bar(y, peer.name, max(2.0, peer.median / longest * _BAR), kind, f"{peer.median:.0f}")
        )
    body = "\n".join(parts)
    box = f'viewBox="0 0 {_WIDTH} {y + 20}" width="{_WIDTH}" height="{y + 20}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img">\n'
        f"<style>{_STYLE}</style>\n{body}\n</svg>\n"
    )


def _bar(y: int, name: str, length: float, kind: str, value: str) -> str:
    label = f'<text x="{_LABELS - 8}" y="{y}" text-anchor="end">{escape(name)}</text>'
    bar = (
        f'<rect class="{kind}" x="{_LABELS}" y="{y - 11}" width="{length:.1f}" height="14" rx="2"/>'
    )
    return f'{label}{bar}<text x="{_LABELS + _BAR + 8}" y="{y}">{escape(value)}</text>'
