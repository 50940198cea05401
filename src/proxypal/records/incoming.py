"""The door: every request pushed by a user passes here before it is counted.

Out comes a request that can be stored as it is, or the reason why not. Admitting an admitted
request changes nothing. Must not enter: reading streams, deciding what counts as a repetition.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from proxypal.records.detection import canonical_provider, detect_provider, model_of_path
from proxypal.records.extras import clean_extras
from proxypal.records.masking import clean_path, mask_account, mask_api_key
from proxypal.records.request import MAX_LABEL_CHARS, UNKNOWN, RequestLog, shorten
from proxypal.records.request_fields import FIELDS, Reader, read_count, read_money, request_of
from proxypal.records.tolerant_json import Refused, kind_of, printable, read_json

MAX_SKEW_MS = 5 * 60 * 1000
"""How far in the future a request may claim to be before its time is not believed."""

PLACEHOLDER_MODEL = "api-request"
"""What ProxyPal v0.1.3-0.1.4 wrote for every model it did not know."""

_IDENTIFIERS = ("id", "method", "request_id", "legacy_id")
_OPTIONAL_TEXT: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("api_key", mask_api_key),
    ("account", mask_account),
    ("source", mask_account),
    ("model_requested", shorten),
)
_settled_labels: dict[Callable[[str], str], set[str]] = {kept: set() for _, kept in _OPTIONAL_TEXT}
"""Labels that are kept as they are: they repeat, and masking is the slow part of admitting."""

_REMEMBERED_LABELS = 4096

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(RequestLog)
_REFUSED = frozenset({401, 403, 404})
_CACHED_CHARS = 1024


def parse_request_line(line: bytes, now_ms: int) -> RequestLog | str:
    """The request on one NDJSON line, admitted; or why it is rejected. See `admit`."""
    request = read_request_line(line)
    try:
        return request if isinstance(request, str) else _finish(request, now_ms)
    except Refused as error:
        return str(error)


def read_request_line(line: bytes) -> RequestLog | str:
    """The request on one NDJSON line as it was written, not admitted; or why it cannot be read.

    Keys are the file's (`durationMs`); of our fields only `status` is needed. Unknown keys are
    kept in `extras`. Never raises, whatever the bytes.
    """
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError):
        pass
    try:
        return read_request_tree(read_json(line))
    except Refused as error:
        return str(error)


def read_request_tree(tree: object) -> RequestLog | str:
    """The request in a decoded JSON object; as `read_request_line`."""
    try:
        if not isinstance(tree, dict):
            return f"expected a JSON object, got {kind_of(tree)}"
        return _printable(request_of(tree))
    except Refused as error:
        return str(error)


def admit(request: RequestLog, now_ms: int) -> RequestLog | str:
    """The request as it will be counted and kept, or why it is rejected.

    `RequestLog` built in Python is not validated by itself; here it is. Time 0 becomes now; a
    time more than five minutes ahead too, with `timestamp_claimed` what it said. The provider
    becomes canonical, or is detected; a model nobody named comes from the path, unless the
    status (401, 403, 404) says that the path named nothing real. Names are shortened, secrets
    masked. Never raises.
    """
    if not isinstance(request, RequestLog):
        return f"expected a RequestLog, got {kind_of(request)}"  # type: ignore[unreachable]  # callers without a type checker
    try:
        if request.extras is None:
            # A round trip checks every type and range in C. What it changes (bytes become
            # base64 text, NaN becomes null) is looked at field by field below.
            checked = _DECODER.decode(_ENCODER.encode(request))
            if checked == request:
                return _finish(checked, now_ms)
    except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError):
        pass
    try:
        tree = {wire: getattr(request, name) for wire, (name, _) in FIELDS.items()}
        checked = request_of(tree)
        if request.extras is not None:
            checked = msgspec.structs.replace(checked, extras=request.extras)
        return _finish(_printable(checked), now_ms)
    except Refused as error:
        return str(error)


def _printable(request: RequestLog) -> RequestLog:
    changes = {
        name: printable(value)
        for name, _ in FIELDS.values()
        if isinstance(value := getattr(request, name), str)
    }
    return msgspec.structs.replace(request, **changes)


def _finish(request: RequestLog, now_ms: int) -> RequestLog:
    """What is left once types and ranges are known to be right.

    Raises:
        Refused: rejected; the message is the reason.
    """
    changes = text_changes(request)
    names = _names(request.provider, request.model, request.path, request.status)
    if names != (request.provider, request.model, request.path):
        changes["provider"], changes["model"], changes["path"] = names
    timestamp = request.timestamp
    if not 0 < timestamp <= now_ms + MAX_SKEW_MS:
        changes["timestamp"] = now_ms
        if timestamp:
            changes["timestamp_claimed"] = timestamp
    if request.cost_usd is not None:
        changes["cost_usd"] = _checked("costUsd", read_money, request.cost_usd)
    if request.timestamp_claimed is not None:
        _checked("timestampClaimed", read_count, request.timestamp_claimed)
    if request.extras is not None:
        changes["extras"] = clean_extras(request.extras)
    return msgspec.structs.replace(request, **changes) if changes else request


def text_changes(request: RequestLog) -> dict[str, Any]:
    """What must change in ids, key, account and the other labels: length, and secrets."""
    changes: dict[str, Any] = {}
    for name in _IDENTIFIERS:
        text = getattr(request, name)
        if text is not None and len(text) > MAX_LABEL_CHARS:
            changes[name] = shorten(text)
    for name, kept in _OPTIONAL_TEXT:
        text = getattr(request, name)
        if text is not None and text not in _settled_labels[kept]:
            changes[name] = _label(text, kept)
    return changes


def _label(text: str, kept: Callable[[str], str]) -> str | None:
    label = kept(text) if text else None
    if label == text:
        if len(_settled_labels[kept]) >= _REMEMBERED_LABELS:
            _settled_labels[kept].clear()
        _settled_labels[kept].add(text)
    return label


def _checked(name: str, reader: Reader, value: object) -> Any:  # noqa: ANN401 - what the reader gives
    try:
        return reader(value)
    except Refused as error:
        raise Refused(f"{name}: {error}") from None


def _names(provider: str, model: str, path: str, status: int) -> tuple[str, str, str]:
    """Provider, model and path as they are kept; remembered, for they repeat."""
    name_them = _remembered_names
    if len(provider) + len(model) + len(path) > _CACHED_CHARS:
        name_them = _remembered_names.__wrapped__  # type: ignore[assignment]  # the same call, not remembered
    return name_them(provider, model, path, status in _REFUSED)


@lru_cache(maxsize=4096)
def _remembered_names(
    provider: str, model: str, path: str, is_refused: bool
) -> tuple[str, str, str]:
    path = clean_path(path)
    model = model.strip()
    if not model and not is_refused:
        model = (model_of_path(path) or "").strip()
    model = settled_model(model)
    provider = settled_provider(provider)
    if provider == UNKNOWN:
        provider = settled_provider(detect_provider(model, path))
    return provider, model, path


def settled_model(name: str) -> str:
    """The model's label: `unknown` for none and for the placeholder of old versions."""
    name = name.strip()
    return UNKNOWN if name in {"", PLACEHOLDER_MODEL} else shorten(name)


def settled_provider(name: str) -> str:
    """The provider's label: canonical also where a name holds several prefixes in a row."""
    while (canonical := canonical_provider(name)) != name:
        name = canonical
    return canonical
