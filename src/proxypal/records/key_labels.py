"""The names keys and accounts are kept under: a mask, and a fingerprint that tells masks apart.

`sk-…0XYZ#3f9a1c` is what can be read of a key, `#`, and six hex digits of a keyed hash. Two keys
with one mask stay two labels, and without the secret nobody can try keys against a label. Must
not enter: where the secret comes from (`service.fingerprint_key`), where keys come from.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b

from proxypal.records.masking import mask_emails

_FINGERPRINT_BYTES = 3
_READ_CHARS = 4096
_CACHED_LABELS = 4096
_SECRET_BYTES = 64  # blake2b takes no longer key
_ADDRESS_CHARS = 200

_PARTS = r"[^\s…]{0,4}…[^\s…]{0,4}|[^\s…@]…@[^\s…@]{1,200}"
_LABEL = re.compile(rf"(?:{_PARTS})#[0-9a-f]{{6}}")
# At most eight readable characters around one run: what CLIProxyAPI itself shows of a key
# (internal/util/provider.go, HideAPIKey). A key that only happens to hold dots shows more.
_FOREIGN_RUN = r"[^\s…*.@]{0,4}(?:…|\.{3}|\*{3,})[^\s…*.@]{0,4}"
_FOREIGN = re.compile(rf"{_FOREIGN_RUN}(?:@[^\s@]{{1,200}})?")
_ADDRESS = re.compile(r"[^\s@/,;:=<>\"'|]{1,64}@[\w-]+(?:\.[\w-]+)+", re.ASCII)


class KeyLabels:
    """Labels of keys and accounts, the same for the same secret; any text gets one.

    A label, and a mask that shows no more than eight characters, stay as they are. Thread-safe.
    """

    __slots__ = ("account", "api_key")

    api_key: Callable[[str], str]
    """The label of a client's or an upstream's key."""

    account: Callable[[str], str]
    """The label of an account: `d…@example.com#3f9a1c` of an address.

    Anything else is masked like a key, for where an account has no address CLIProxyAPI names the
    upstream key itself (`source` of a usage record).
    """

    def __init__(self, secret: bytes) -> None:
        if not secret:
            raise ValueError("labels need a secret: without one, keys could be tried against them")
        key = secret if len(secret) <= _SECRET_BYTES else blake2b(secret).digest()

        @lru_cache(maxsize=_CACHED_LABELS)
        def label_key(text: str) -> str:
            return text if _stays(text) else f"{_masked_key(text)}#{_fingerprint(text, key)}"

        @lru_cache(maxsize=_CACHED_LABELS)
        def label_account(text: str) -> str:
            if _stays(text) or len(text) > _ADDRESS_CHARS or not _ADDRESS.fullmatch(text):
                return label_key(text)
            return f"{mask_emails(text)}#{_fingerprint(text, key)}"

        self.api_key = _bounded(label_key)
        self.account = _bounded(label_account)


def is_label(text: str) -> bool:
    """Whether `text` is a label that `KeyLabels` made."""
    return text[-7:-6] == "#" and _LABEL.fullmatch(text) is not None


def _stays(text: str) -> bool:
    return not text or is_label(text) or _FOREIGN.fullmatch(text) is not None


def _masked_key(text: str) -> str:
    """As `masking.mask_key`, but a key with dots or stars in it is no mask."""
    text = text.replace("…", ".")
    if len(text) > 12:
        mask = f"{text[:3]}…{text[-4:]}"
    else:
        mask = f"…{text[-2:]}" if len(text) > 2 else "…"
    return re.sub(r"[\s@]", "_", mask)  # no address, for other masks to find


def _fingerprint(text: str, key: bytes) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return blake2b(data, key=key, digest_size=_FINGERPRINT_BYTES).hexdigest()


def _bounded(label: Callable[[str], str]) -> Callable[[str], str]:
    """Very long text is cut before it becomes a key of a cache."""

    def of_text(text: str) -> str:
        text = text.strip()
        return label(text if len(text) <= _READ_CHARS else text[:_READ_CHARS])

    return of_text
