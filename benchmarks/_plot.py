"""A plot as SVG: lines over two logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

Line = Sequence[tuple[float, float]]
WIDTH, HEIGHT, MARGIN = 640, 400, 70
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e")


def plot(title: str, across: str, up: str, lines: Mapping[str, Line]) -> str:
    """One SVG document; both axes go from the power of ten below the values to the one above."""
    points = [point for line in lines.values() for point in line]
    left, right = _decades([x for x, _ in points])
    low, high = _decades([y for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            MARGIN + (math.log10(x) - left) / (right - left) * (WIDTH - 2 * MARGIN),
            HEIGHT - MARGIN - (math.log10(y) - low) / (high - low) * (HEIGHT - 2 * MARGIN),
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(WIDTH / 2, 24, title, "middle"),
        _text(WIDTH / 2, HEIGHT - 20, across, "middle"),
        f'<text text-anchor="middle" transform="translate(18 {HEIGHT / 2}) rotate(-90)">{escape(up)}</text>',
    ]
    for power in range(left, right + 1):
        x, y = place(10.0**power, 10.0**low)
        parts += [_rule(x, y, x, MARGIN), _text(x, y + 18, f"{10**power:g}", "middle")]
    for power in range(low, high + 1):
        x, y = place(10.0**left, 10.0**power)
        parts += [_rule(x, y, WIDTH - MARGIN, y), _text(x - 8, y + 4, f"{10.0**power:g}", "end")]
    for number, (name, line) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in line))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{MARGIN + 12}" y="{MARGIN + 16 + 16 * number}" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def beside(*plots: str) -> str:
    """Several plots as one SVG document, from left to right."""
    start = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH * len(plots)} {HEIGHT}">'
    placed = [
        item.replace("<svg ", f'<svg x="{WIDTH * number}" width="{WIDTH}" height="{HEIGHT}" ', 1).rstrip()
        for number, item in enumerate(plots)
    ]
    return "\n".join([start, *placed, "</svg>", ""])


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _rule(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="#ddd"/>'
