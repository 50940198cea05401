"""Untrusted text made visible: what could hide, reorder or break something is written out.

Must not enter: markup.
"""

from typing import Final

from proxypal.records.request import shorten

NBSP: Final = "\N{NO-BREAK SPACE}"

NAME_CHARS: Final = 48
"""Longest name that is drawn; the table beside the chart has the whole."""


def visible(text: str) -> str:
    r"""`text` with control characters, bidi marks and half surrogate pairs as `\x0a`, `\u202e`.

    What is left can stand in XML and HTML once it is escaped. No-break spaces stay.
    """
    if text.isprintable() or text.replace(NBSP, " ").isprintable():
        return text
    return "".join(
        char if char.isprintable() or char == NBSP else char.encode("unicode_escape").decode()
        for char in text
    )


def short_name(text: str, limit: int = NAME_CHARS) -> str:
    """A name as it is drawn: visible, and cut with an ellipsis."""
    return shorten(visible(text[: limit * 2]) if len(text) > limit * 2 else visible(text), limit)
