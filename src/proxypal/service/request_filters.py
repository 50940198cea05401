"""Which of the recent requests are meant, and in what order: one path for page and API.

Must not enter: who asks, and how requests are shown.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from proxypal.errors import WrongUsage
from proxypal.records.name_filters import Condition, parse_condition
from proxypal.records.request import RequestLog, shorten
from proxypal.records.tolerant_json import Refused

NOBODY = "(none)"
"""As a key or an account: nobody told."""

STATUS_FORMS = "success, failed, a status such as 429, or a class such as 5xx"

_STATUS = re.compile(r"[0-9]{1,3}|[1-5]xx", re.ASCII)
_SEARCHED = (
    "model", "model_requested", "provider", "method", "path",
    "id", "request_id", "api_key", "account",
)  # fmt: skip

_ZERO = Decimal(0)
_ORDERS: Mapping[str, Callable[[RequestLog], Any]] = {
    "time": lambda request: request.timestamp,
    "status": lambda request: request.status,
    "provider": lambda request: request.provider.lower(),
    "model": lambda request: request.model.lower(),
    "key": lambda request: (request.api_key or "").lower(),
    "input": lambda request: -1 if request.tokens_in is None else request.tokens_in,
    "output": lambda request: -1 if request.tokens_out is None else request.tokens_out,
    "cost": lambda request: _ZERO - 1 if request.cost_usd is None else request.cost_usd,
    "duration": lambda request: request.duration_ms,
}
ORDERS = tuple(_ORDERS)


class RequestWords(msgspec.Struct, kw_only=True, frozen=True):
    """What is asked for, in the words of a URL; empty or None asks for nothing.

    `model`, `provider` and `key` are as in a question about usage (`records.name_filters`): names,
    `*` for any text, `|` between several; a key as the user called it, or `NOBODY`. `status`: see
    `STATUS_FORMS`. `text` is looked for in names, paths and ids. `order` is one of `ORDERS`, with
    `:asc` or `:desc` behind it.
    """

    model: str | None = None
    provider: str | None = None
    status: str | None = None
    key: str | None = None
    text: str | None = None
    order: str | None = None

    @property
    def narrows(self) -> bool:
        """Whether anything but the order is asked for."""
        return any((self.model, self.provider, self.status, self.key, self.text))


def selected(
    requests: Sequence[RequestLog], words: RequestWords, names: Mapping[str, str] | None = None
) -> list[RequestLog]:
    """The requests that are meant, newest first unless another order is asked for.

    `requests` come oldest first; `names` are what the user calls keys, by label.

    Raises:
        WrongUsage: a word means nothing; the message says why.
    """
    order, descending = _order(words.order)
    tests = _tests(words, names or {})
    found = [request for request in reversed(requests) if all(test(request) for test in tests)]
    if order == "time":
        return found if descending else found[::-1]
    return sorted(found, key=_ORDERS[order], reverse=descending)


def _order(text: str | None) -> tuple[str, bool]:
    name, _, direction = (text or "time").strip().lower().partition(":")
    if name not in _ORDERS or direction not in {"", "asc", "desc"}:
        raise WrongUsage(
            f"Requests cannot be sorted by {_shown(text)}; there are {', '.join(ORDERS)}, with "
            "`:asc` or `:desc` behind."
        )
    return name, direction != "asc"


def _tests(words: RequestWords, names: Mapping[str, str]) -> list[Callable[[RequestLog], bool]]:
    tests: list[Callable[[RequestLog], bool]] = []
    if words.model:
        model = _condition("model", words.model, names)
        tests.append(lambda request: model.admits(request.model))
    if words.provider:
        provider = _condition("provider", words.provider, names)
        tests.append(lambda request: provider.admits(request.provider))
    if words.key:
        key = _condition("key", "" if words.key == NOBODY else words.key, names)
        tests.append(lambda request: key.admits(request.api_key or ""))
    if words.status:
        tests.append(_status_test(words.status.strip().lower()))
    if words.text:
        tests.append(_text_test(words.text.strip().lower()))
    return tests


def _condition(field: str, value: str, names: Mapping[str, str]) -> Condition:
    try:
        return parse_condition(f"{field}={value}", names)
    except Refused as error:
        raise WrongUsage(f"Not a filter of requests: {error}.") from None


def _status_test(text: str) -> Callable[[RequestLog], bool]:
    if text == "success":
        return lambda request: request.is_success
    if text == "failed":
        return lambda request: not request.is_success
    if not _STATUS.fullmatch(text):
        raise WrongUsage(f"{_shown(text)} is no status; it can be {STATUS_FORMS}.")
    if text.endswith("xx"):
        first = int(text[0])
        return lambda request: request.status // 100 == first
    status = int(text)
    return lambda request: request.status == status


def _text_test(text: str) -> Callable[[RequestLog], bool]:
    def holds(request: RequestLog) -> bool:
        return any(text in (getattr(request, name) or "").lower() for name in _SEARCHED)

    return holds


def _shown(text: str | None) -> str:
    return repr(shorten(text or "", 60))
