"""Two kinds of pictures as SVG text: bars against a line at 1, and curves over the size of a directory."""

from html import escape
from math import log10

WIDTH, ROW, LEFT = 760, 22, 270
COLOURS = ("#4059ad", "#c1666b", "#3a7d44", "#b8860b", "#6b4e9b", "#2a9d8f", "#7f7f7f", "#d1495b", "#00798c", "#8d5524")


def bars(title: str, values: dict[str, float]) -> str:
    """Return horizontal bars, one for each name; the line stands at 1."""
    most = max([1.2, *values.values()])
    scale = (WIDTH - LEFT - 60) / most
    parts = []
    for number, (name, value) in enumerate(values.items()):
        top = 40 + number * ROW
        parts.append(_text(LEFT - 8, top + 12, name, "end"))
        parts.append(f'<rect x="{LEFT}" y="{top}" width="{value * scale:.1f}" height="{ROW - 6}" fill="{COLOURS[0]}"/>')
        parts.append(_text(LEFT + value * scale + 6, top + 12, f"{value:.2f}"))
    bottom = 40 + len(values) * ROW
    parts.append(f'<path d="M{LEFT + scale:.1f} 34V{bottom}" stroke="{COLOURS[1]}" stroke-dasharray="4 3"/>')
    return _picture(title, bottom + 16, parts)


def curves(title: str, values: dict[str, dict[int, float]]) -> str:
    """Return one curve for each name over sizes (logarithmic); values are ratios to the first size."""
    sizes = sorted({size for each in values.values() for size in each})
    if len(sizes) < 2:
        return _picture(title, 60, [])
    most = max([1.5, *(value for each in values.values() for value in each.values())])
    span = log10(max(1, sizes[-1])) - log10(max(1, sizes[0])) or 1
    height = max(260, 40 + 18 * len(values))

    def point(size: int, value: float) -> str:
        across = (log10(max(1, size)) - log10(max(1, sizes[0]))) / span
        return f"{60 + across * 400:.1f},{height - value / most * (height - 50):.1f}"

    parts = [f'<path d="M{point(sizes[0], 1)}L{point(sizes[-1], 1)}" stroke="#999" stroke-dasharray="4 3"/>']
    parts += [_text(60 + i * 400 / (len(sizes) - 1), height + 18, f"{size:,}") for i, size in enumerate(sizes)]
    for number, (name, each) in enumerate(values.items()):
        colour = COLOURS[number % len(COLOURS)]
        line = "L".join(point(size, value) for size, value in sorted(each.items()))
        parts.append(f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        last = each[max(each)]
        parts.append(_text(500, 48 + number * 18, f"{name} {last:.2f}", colour=colour))
    return _picture(title, height + 34, parts)


def _picture(title: str, height: int, parts: list[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="#fff"/>{_text(12, 22, title)}{"".join(parts)}</svg>\n'
    )


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str = "#222") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
