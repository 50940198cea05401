"""What requests cost: the user's own prices first, then the price list, as of the request's day.

Prices are kept by (provider, model, service tier), each with all it ever was, so that pricing is
a look-up; what was used is also kept by the store, so that a start needs no price list. Must not
enter: what a list looks like (`price_list`), and how prices are shown.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Protocol, Self

import msgspec

from proxypal.errors import StoreError
from proxypal.records.attempt import Attempt, Tokens
from proxypal.records.cost import Schedule, Tariff, cost_of, flat_schedule, tokens_of
from proxypal.records.detection import canonical_provider
from proxypal.records.request import RequestLog
from proxypal.records.request_fields import MAX_COST_USD
from proxypal.service import price_list
from proxypal.service.model_names import spellings
from proxypal.service.settings_file import FILE_NAME, Settings, read_settings

_CACHE_NAME = "prices"
_CACHE_FORMAT = 1
_KEPT_PRICED = 200
_KEPT_UNPRICED = 50
_REMEMBERED = 4096

_Key = tuple[str, str, str]
"""Provider and model as they were recorded, and the service tier if it has prices of its own."""


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a model's price. Without a `schedule` it is unpriced, for this `reason`.

    `origin` is `settings.toml` or `genai-prices`, `entry` the name of the price there, `version`
    the library's, `alias` the model whose price is used instead.
    """

    schedule: Schedule | None = None
    origin: str | None = None
    entry: str | None = None
    version: str | None = None
    alias: str | None = None
    reason: str | None = None

    def tariff_at(self, moment_ms: int) -> Tariff | None:
        """What is charged at a Unix time in milliseconds, None if that is not known."""
        return None if self.schedule is None else self.schedule.tariff_at(moment_ms)


class _Kept(msgspec.Struct, array_like=True, frozen=True):
    format: int
    version: str
    quotes: list[tuple[_Key, Quote]]


class CachingStore(Protocol):
    """The part of a store that remembers what was worked out."""

    def cached(self, name: str) -> bytes | None:
        """See `RequestStore.cached`."""
        ...

    def keep_cached(self, name: str, body: bytes) -> None:
        """See `RequestStore.keep_cached`."""
        ...


class Pricing:
    """Prices requests and attempts. A model without a known price costs None, never 0.

    Args:
        settings: the user's own prices and aliases.
        cached, keep: where prices that were looked up are kept between runs; see
            `RequestStore.cached`. What goes wrong there is no reason not to price.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        cached: Callable[[str], bytes | None] = lambda _: None,
        keep: Callable[[str, bytes], None] = lambda *_: None,
    ) -> None:
        self.settings = Settings() if settings is None else settings
        self._cached = cached
        self._keep = keep
        self._quotes: dict[_Key, Quote] = {}
        self._listed: dict[_Key, Quote] | None = None
        self._is_news = False
        self._lock = threading.Lock()

    @classmethod
    def of(cls, store: CachingStore, data_directory: Path) -> Self:
        """With the settings file of a data directory, and its store to keep prices in."""
        settings = read_settings(data_directory)
        return cls(settings, cached=store.cached, keep=store.keep_cached)

    # -- pricing

    def price_attempts(self, attempts: Iterable[Attempt]) -> list[Attempt]:
        """The attempts, with `cost_usd` where there are tokens, a price, and no cost yet."""
        priced: list[Attempt] = []
        for attempt in attempts:
            cost = None
            if attempt.cost_usd is None and attempt.has_tokens and attempt.tokens:
                tier = attempt.service_tier
                quote = self.quote(attempt.provider, attempt.model, tier)
                cost = _cost(quote, attempt.tokens, attempt.started_ms)
            priced.append(
                attempt if cost is None else msgspec.structs.replace(attempt, cost_usd=cost)
            )
        self._keep_news()
        return priced

    def price_requests(self, requests: Iterable[RequestLog]) -> list[RequestLog]:
        """The requests, with `cost_usd` where there are tokens, a price, and no cost yet.

        Provider and model must be the admitted ones (see `records.incoming.admit`). The price is
        that of the moment a request began.
        """
        priced: list[RequestLog] = []
        for request in requests:
            cost = None
            if request.cost_usd is None:
                tokens = tokens_of(request)
                if tokens is not None:
                    quote = self.quote(request.provider, request.model)
                    cost = _cost(quote, tokens, began_ms(request))
            priced.append(
                request if cost is None else msgspec.structs.replace(request, cost_usd=cost)
            )
        self._keep_news()
        return priced

    def quote(self, provider: str, model: str, tier: str | None = None) -> Quote:
        """What is known of the price of a model bought from a provider."""
        key = (provider, model, tier if tier is not None and tier in price_list.TIERS else "")
        quote = self._quotes.get(key)
        if quote is None:
            with self._lock:
                if len(self._quotes) >= _REMEMBERED:
                    self._quotes.clear()
                quote = self._quotes[key] = self._find(key)
        return quote

    # -- finding a price

    def _find(self, key: _Key) -> Quote:
        provider, model, tier = key
        provider = canonical_provider(provider)
        own = self._own(provider, model)
        if own is not None:
            return own
        alias = self._alias(model)
        if alias is None:
            return self._look_up((provider, model, tier))
        own = self._own(provider, alias)
        if own is None:
            own = self._look_up(self._aliased(provider, alias, tier))
        return msgspec.structs.replace(own, alias=alias)

    def _own(self, provider: str, model: str) -> Quote | None:
        if not self.settings.prices:
            return None
        for name in spellings(model):
            price = self.settings.override(provider, name)
            if price is not None:
                schedule = flat_schedule(Tariff(price.rates))
                return Quote(schedule=schedule, origin=FILE_NAME, entry=price.name)
        return None

    def _alias(self, model: str) -> str | None:
        if not self.settings.aliases:
            return None
        return next(
            (alias for name in spellings(model) if (alias := self.settings.aliases.get(name))),
            None,
        )

    def _aliased(self, provider: str, alias: str, tier: str) -> _Key:
        """`openrouter/qwen/qwen3-coder` is OpenRouter's price, `gpt-5` that of the provider."""
        head, slash, rest = alias.partition("/")
        if slash and rest and price_list.knows_provider(head):
            return canonical_provider(head), rest, tier
        return provider, alias, tier

    def _look_up(self, key: _Key) -> Quote:
        if self._listed is None:
            self._listed = self._kept()
        quote = self._listed.pop(key, None)
        if quote is None:
            try:
                quote = _ask_the_list(key)
            except ImportError as error:
                return Quote(reason=f"{price_list.LIBRARY} cannot be imported: {error}")
            self._is_news = True
        self._listed[key] = quote  # behind the others: what was used last is kept longest
        if len(self._listed) > _REMEMBERED:
            del self._listed[next(iter(self._listed))]
        return quote

    # -- remembering

    def _kept(self) -> dict[_Key, Quote]:
        body = None
        with contextlib.suppress(StoreError):
            body = self._cached(_CACHE_NAME)
        if body is None:
            return {}
        try:
            kept = msgspec.msgpack.decode(body, type=_Kept)
        except msgspec.MsgspecError:  # another version's, or damaged: it can be made again
            return {}
        is_current = (kept.format, kept.version) == (_CACHE_FORMAT, price_list.library_version())
        return dict(kept.quotes) if is_current else {}

    def _keep_news(self) -> None:
        """Let the store keep what was looked up since the last time."""
        if not self._is_news or self._listed is None:
            return
        with self._lock:
            self._is_news = False
            known = list(self._listed.items())
        priced = [entry for entry in known if entry[1].schedule is not None]
        unpriced = [entry for entry in known if entry[1].schedule is None]
        quotes = priced[-_KEPT_PRICED:] + unpriced[-_KEPT_UNPRICED:]
        kept = _Kept(_CACHE_FORMAT, price_list.library_version(), quotes)
        with contextlib.suppress(StoreError):
            self._keep(_CACHE_NAME, msgspec.msgpack.encode(kept))


def began_ms(request: RequestLog) -> int:
    """When a request began: its time is when it was finished."""
    return max(request.timestamp - request.duration_ms, 0)


def _cost(quote: Quote, tokens: Tokens, moment_ms: int) -> Decimal | None:
    tariff = quote.tariff_at(moment_ms)
    if tariff is None:
        return None
    cost = cost_of(tokens, tariff)
    return cost if cost <= MAX_COST_USD else None


def _ask_the_list(key: _Key) -> Quote:
    library, version = price_list.LIBRARY, price_list.library_version()
    found = price_list.look_up(*key)
    if found is None:
        return Quote(reason=f"{library} {version} does not know it")
    entry = f"{found.provider}/{found.model}"
    if found.schedule is None:
        return Quote(
            origin=library,
            entry=entry,
            version=version,
            reason=f"{library} {version} lists {entry} without a price of tokens",
        )
    return Quote(schedule=found.schedule, origin=library, entry=entry, version=version)
