"""SVG as text: elements whose attributes and contents are escaped, numbers that are short.

There is no way to get raw text in other than `Markup`, which only these functions make. Must not
enter: what is drawn.
"""

import math
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from html import escape
from typing import NewType

from proxypal.charts.visible_text import visible

Markup = NewType("Markup", str)
"""Text that is markup already."""

_SHORT_CHARS = 32

_PLAIN = re.compile(r"[ !#$%()*+,\-./0-9:;=?@A-Z\[\]^_`a-z{|}~]*").fullmatch
"""Text that needs no escape and hides nothing: printable ASCII but for & < > " ' and backslash."""


def element(name: str, *children: Markup, **attributes: float | str | None) -> Markup:
    """An element. `css` is its class, `stroke_width` becomes `stroke-width`; None is left out."""
    # A page has thousands of attributes: this is where the time of drawing goes.
    opening = name
    for key, value in attributes.items():
        if value is not None:
            shown = _attribute(value) if isinstance(value, str) else number(value)
            opening += f' {_attribute_name(key)}="{shown}"'
    inner = "".join(children)
    return Markup(f"<{opening}>{inner}</{name}>" if inner else f"<{opening}/>")


def text(content: str, **attributes: float | str | None) -> Markup:
    """A line of text; what is hidden or not printable in it is written out."""
    return element("text", Markup(escape(visible(content), quote=False)), **attributes)


def group(children: Iterable[Markup], **attributes: float | str | None) -> Markup:
    """A group of elements."""
    return element("g", *children, **attributes)


def tip(*lines: str) -> str:
    """What a mark says when it is pointed at, a fact a line. Goes into `data_tip`."""
    return "\n".join(visible(line) for line in lines)


def at(share: float) -> str:
    """A position or a length as a part of the width: 0.25 is `25%`."""
    return f"{number(share * 100, 2)}%"


def number(value: float, places: int = 1) -> str:
    """At most so many decimals; a tenth of a pixel is not seen.

    Raises:
        ValueError: not finite; that must be sorted out before anything is drawn.
    """
    if type(value) is int:
        return str(value)
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be drawn")
    shown = f"{value:.{places}f}"
    if "." in shown:
        shown = shown.rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


def drawing(
    kind: str,
    label: str,
    height: float,
    children: Iterable[Markup],
    *,
    view: tuple[float, float] | None = None,
) -> str:
    """The outermost `svg`, `height` pixels high, as wide as what it stands in.

    With `view` (its own width and height) it keeps that shape and grows as a whole instead. A
    screen reader hears `label`; the marks inside are for eyes, the table beside it for ears.
    """
    return element(
        "svg",
        *children,
        xmlns="http://www.w3.org/2000/svg",
        css=f"plot plot-{kind}",
        width="100%" if view is None else view[0],
        height=height,
        viewBox=None if view is None else f"0 0 {view[0]:g} {view[1]:g}",
        role="img",
        aria_label=label,
    )


@cache
def _attribute_name(key: str) -> str:
    if key == "css":
        return "class"
    return key if key in {"viewBox", "preserveAspectRatio", "pathLength"} else key.replace("_", "-")


def _attribute(value: str) -> str:
    return _short_attribute(value) if len(value) <= _SHORT_CHARS else _escaped(value)


@lru_cache(maxsize=4096)  # classes and positions are the same in every bar of a series or a row
def _short_attribute(value: str) -> str:
    return _escaped(value)


def _escaped(value: str) -> str:
    if _PLAIN(value):
        return value
    # A line break stays one in an attribute only as a character reference.
    return "&#10;".join(escape(visible(line)) for line in value.split("\n"))
