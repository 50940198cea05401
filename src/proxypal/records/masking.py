"""Secrets at the door: keys and e-mail addresses are made unreadable before anything is kept.

A mask leaves enough to tell two keys apart; with a fingerprint behind it (`sk-…0XYZ#3f9a1c`, see
`records.key_labels`) it always does. Masking a masked value changes nothing. Must not enter: where
the values come from.
"""

import re
from typing import Any

from proxypal.records.endpoints import path_without_secrets
from proxypal.records.request import MAX_PATH_CHARS, shorten
from proxypal.records.tolerant_json import Refused

_MASK = re.compile(r"…|\.{3,}|\*{3,}")
_FINGERPRINT = re.compile(r"#[0-9a-f]{6}\Z")
_SHOWN_CHARS = 8
"""The longest run of readable characters in a mask; a longer one may be a secret with a dot."""
_READ_CHARS = 1024
_LOCAL = r"[^\s@/,;:=<>\"'|]"
# RFC 5321 allows 64 and 255 characters; bounds also keep the search linear in hostile text.
_EMAIL = re.compile(rf"({_LOCAL}{{1,64}})@({_LOCAL}{{1,255}})")
_KEY_SHAPE = re.compile(
    r"(?:sk-|AIza|ya29\.|gh[pousr]_|github_pat_|xai-|xox[abp]-|eyJ)[\w.\-]{12,}", re.ASCII
)
_OPAQUE = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[\w\-+/=]{20,}", re.ASCII)
_SECRET_NAME = re.compile(
    r"key$|secret|passw|authorization|cookie|credential|bearer|token$|\bjwt", re.IGNORECASE
)
_MAX_DEPTH = 32


def is_masked(text: str) -> bool:
    """Whether `text` already is a mask: `sk-…0XYZ`, `sk-o...0XYZ`, `d***@example.com`.

    A label is one too: a mask, `#` and the six digits of a fingerprint.
    """
    shown = _MASK.split(_FINGERPRINT.sub("", text[:_READ_CHARS]))
    return len(shown) > 1 and all(
        len(part) <= _SHOWN_CHARS or part.startswith("@") for part in shown
    )


def mask_key(text: str) -> str:
    """`sk-…0XYZ`: the first three and last four characters of a long key, two of a short one."""
    if is_masked(text):
        return shorten(text)
    if len(text) > 12:
        return f"{text[:3]}…{text[-4:]}"
    return f"…{text[-2:]}" if len(text) > 2 else "…"


def mask_emails(text: str) -> str:
    """`text` with each e-mail address in it as `d…@example.com`."""
    return _EMAIL.sub(_masked_email, text) if "@" in text else text


def _masked_email(found: re.Match[str]) -> str:
    local, domain = found.groups()
    return found[0] if is_masked(local) else f"{local[0]}…@{domain}"


def mask_api_key(text: str) -> str:
    """The label a client's key is kept under: every value that is not yet a mask is masked."""
    address = None if is_masked(text) else _EMAIL.fullmatch(text)
    return shorten(_masked_email(address) if address else mask_key(text))


def mask_account(text: str) -> str:
    """The label an account is kept under; names stay, addresses and keys are masked."""
    text = mask_text(text[:_READ_CHARS])
    return mask_key(text) if _OPAQUE.fullmatch(text) else shorten(text)


def mask_text(text: str) -> str:
    """Text with each e-mail address, and each word shaped like a well-known key, masked."""
    return _KEY_SHAPE.sub(lambda found: mask_key(found[0]), mask_emails(text))


def clean_path(path: str) -> str:
    """The path as it is kept: no secrets in its query, no key as a segment, not too long.

    Values of key, token and secret-like parameters are dropped (`?alt=sse&key=`).
    """
    if "?" in path:
        path = path_without_secrets(path[: 8 * MAX_PATH_CHARS])
    path = shorten(path, 4 * MAX_PATH_CHARS)
    path = _KEY_SHAPE.sub(lambda found: mask_key(found[0]), path)
    if len(path) > MAX_PATH_CHARS:
        # Once more, for the ellipsis may now stand as the value of a secret.
        path = path_without_secrets(shorten(path, MAX_PATH_CHARS))
    return path


def mask_inside(value: Any, name: str = "", depth: int = 0) -> Any:  # noqa: ANN401 - a JSON value is any of seven types
    """A decoded JSON value with text under secret-like names, and every address, masked.

    Raises:
        Refused: more than 32 levels deep.
    """
    if isinstance(value, str):
        return mask_key(value) if _SECRET_NAME.search(name) else mask_text(value)
    if depth > _MAX_DEPTH:
        raise Refused(f"nested more than {_MAX_DEPTH} levels deep")
    if isinstance(value, dict):
        return {key: mask_inside(item, key, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [mask_inside(item, name, depth + 1) for item in value]
    return value
