"""One request as the history keeps it: the seed's names on the wire, ours in Python.

Must not enter: how requests are stored, read from a log or shown.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import msgspec

MAX_INTEGER = 2**53 - 1
"""The largest integer every JSON reader keeps exact (RFC 8259, section 6)."""

MAX_TOKENS_OF_REQUEST = 10**12
"""More tokens of one kind no request can have; a larger number would spoil every total."""

MAX_DURATION_MS = 366 * 86_400_000
"""No request lasts longer than a year."""

MAX_LABEL_CHARS = 256
"""Longest model, provider, key or account name that is kept; the rest is cut with an ellipsis."""

MAX_PATH_CHARS = 2048

UNKNOWN = "unknown"
"""The label of a model or provider nobody named."""

Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]
Status = Annotated[int, msgspec.Meta(ge=0, le=999)]
Money = Decimal


def none() -> None:
    """A default that is written as null instead of being left out."""
    return None


class RequestLog(
    msgspec.Struct,
    kw_only=True,
    frozen=True,
    rename="camel",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """A request that passed the proxy.

    The first ten fields are the seed's (section 2) and always stand in the file; the others are
    written only when known. Times are Unix milliseconds, money is US dollars as a `Decimal`.
    `timestamp` is when the request finished. `tokens_in` is all input including cache,
    `tokens_out` all output including reasoning, for every provider alike.

    An empty `id` is filled by the store (`req_TIMESTAMP_ARRIVAL`); `timestamp` 0 means now.
    """

    # A default_factory is always written, a plain default is left out: that is what keeps the
    # seed's ten fields in every row and the optional ones out of rows that lack them.
    id: str = msgspec.field(default_factory=str)
    timestamp: Count = msgspec.field(default_factory=int)
    provider: str = msgspec.field(default_factory=str)
    model: str = msgspec.field(default_factory=str)
    method: str = msgspec.field(default_factory=lambda: "POST")
    path: str = msgspec.field(default_factory=str)
    status: Status
    duration_ms: Count = msgspec.field(default_factory=int)
    tokens_in: Count | None = msgspec.field(default_factory=none)
    tokens_out: Count | None = msgspec.field(default_factory=none)
    tokens_cached: Count | None = None
    tokens_cache_write: Count | None = None
    tokens_reasoning: Count | None = None
    cost_usd: Money | None = None
    ttft_ms: Count | None = None
    request_id: str | None = None
    model_requested: str | None = None
    attempts: Count | None = None
    api_key: str | None = None
    account: str | None = None
    source: str | None = None
    failed: bool = False
    timestamp_claimed: int | None = None
    legacy_id: str | None = None
    extras: dict[str, Any] | None = None

    @property
    def is_success(self) -> bool:
        """Status 100-399, and the last upstream attempt did not fail."""
        return 100 <= self.status < 400 and not self.failed


_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(RequestLog)
_FIELDS = {field.encode_name for field in msgspec.structs.fields(RequestLog)} - {"extras"}


def encode_request(request: RequestLog) -> bytes:
    """The request as one compact JSON object, unknown keys of its origin included."""
    encoded = _ENCODER.encode(request)
    if request.extras is None:
        return encoded
    tree = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode(encoded)
    extras = tree.pop("extras")
    return _ENCODER.encode({**extras, **tree})


def decode_request(body: bytes) -> RequestLog:
    """The reverse of `encode_request`.

    Raises:
        msgspec.ValidationError: a field has the wrong type or range.
        msgspec.DecodeError: not JSON.
    """
    try:
        return _DECODER.decode(body)
    except msgspec.ValidationError:
        tree = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode(body)
        return request_from_tree(tree)


def request_from_tree(tree: Mapping[str, Any]) -> RequestLog:
    """A request from a decoded JSON object; keys that are not ours go to `extras`.

    Raises:
        msgspec.ValidationError: a field has the wrong type or range.
    """
    known = {key: value for key, value in tree.items() if key in _FIELDS}
    extras = {key: value for key, value in tree.items() if key not in _FIELDS}
    if extras:
        known["extras"] = extras
    return msgspec.convert(known, RequestLog)


def shorten(text: str, limit: int = MAX_LABEL_CHARS) -> str:
    """`text`, cut with an ellipsis when longer than `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
