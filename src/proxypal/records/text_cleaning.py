"""Text of foreign records as it is kept: bounded, storable, without what looks like a secret.

Must not enter: which fields are which (`records.field_rules`).
"""

import re
from collections.abc import Callable
from functools import lru_cache

from proxypal.records.masking import mask_key, mask_text
from proxypal.records.request import MAX_LABEL_CHARS, shorten
from proxypal.records.tolerant_json import printable

CUT = "…"
"""Stands for what was too much to keep."""

_READ_CHARS = 1024
_BLANKS = (" ", "\n", "\t", "\r")
_BEARER = re.compile(r"\b(bearer|basic)(\s{1,3})([^\s\"',;]+)", re.IGNORECASE)
_NAMED_VALUE = re.compile(
    r"((?:key|token|secret|passw\w{0,8}|pwd|authorization|cookie)[\"']?\s{0,3}[=:]\s{0,3}[\"']?)"
    r"([^\s\"'&,;]+)",
    re.IGNORECASE,
)
_LONG_WORD = re.compile(r"[\w+=\-]{16,}", re.ASCII)
_LONG_PART = re.compile(r"(?=[A-Za-z_+=]*[0-9])(?=[0-9_+=]*[A-Za-z])[\w+=]{16,}", re.ASCII)
_ALL_KINDS = re.compile(r"(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z]).{20,}")


def clean_label(text: str) -> str:
    """Text of a known field: addresses and keys of the well-known shapes are masked."""
    return _clean_label(text) if len(text) <= MAX_LABEL_CHARS else _cleaned(text, mask_text)


def clean_text(text: str) -> str:
    """Text nobody knows: also long words of letters and digits, and values as in `key=...`."""
    return _clean_text(text) if len(text) <= MAX_LABEL_CHARS else _cleaned(text, _mask_words)


@lru_cache(maxsize=4096)
def _clean_label(text: str) -> str:
    return _cleaned(text, mask_text)


@lru_cache(maxsize=4096)
def _clean_text(text: str) -> str:
    return _cleaned(text, _mask_words)


def _cleaned(text: str, mask: Callable[[str], str]) -> str:
    if len(text) > _READ_CHARS:
        # The word that is cut would not be recognised by its shape, so it goes altogether.
        text = text[:_READ_CHARS]
        text = text[: max(text.rfind(blank) for blank in _BLANKS) + 1] + CUT
    return shorten(mask(printable(text)))


def _mask_words(text: str) -> str:
    text = mask_text(text)
    text = _BEARER.sub(lambda found: f"{found[1]}{found[2]}{mask_key(found[3])}", text)
    text = _NAMED_VALUE.sub(lambda found: f"{found[1]}{mask_key(found[2])}", text)
    return _LONG_WORD.sub(_masked_word, text)


def _masked_word(found: re.Match[str]) -> str:
    word = found[0]
    is_opaque = _LONG_PART.search(word) or _ALL_KINDS.fullmatch(word)
    return mask_key(word) if is_opaque else word
