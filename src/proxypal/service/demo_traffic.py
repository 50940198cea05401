"""Ninety days of traffic that never was, as it is: invented, and the same for the same seed.

A few people work with coding agents in sessions: each turn sends what was said so far, most of it
read from the provider's cache. Pure: it ends at the moment it is given. Must not enter: the store,
prices, and anything of the user's.
"""

import math
import random
from collections.abc import Iterator

import msgspec

from proxypal.records.labels import Offset
from proxypal.records.request import RequestLog
from proxypal.service.demo_cast import Model, key_of, model_of

DAYS = 90
_HOUR_S = 3600
_DAY_S = 24 * _HOUR_S
_SESSIONS_PER_DAY = 36.0
"""On a weekday at the end of the ninety; it was less than half of it at their beginning."""

_BY_HOUR = (1, 0, 0, 0, 0, 0, 1, 2, 5, 8, 10, 10, 7, 8, 10, 10, 9, 7, 5, 4, 5, 5, 4, 2)
_WEEKEND = 0.28
_GROWN_FROM = 0.42
_MOST_CONTEXT = 170_000
_CACHE_LIVES_MS = 5 * 60_000
_INCIDENT_DAYS_AGO = 24
_INCIDENT_HOURS = range(13, 17)
_FAILURES = {429: 32, 499: 26, 529: 12, 500: 9, 400: 8, 502: 7, 503: 6}
_FAILURE_SHARE = 0.014
_INCIDENT_SHARE = 0.3
_TALKS_AT_ONCE = 3
_NO_USAGE_SHARE = 0.01
"""Of the requests, those the log alone told of."""


def demo_requests(now_ms: int, offset: Offset, seed: int = 1) -> list[RequestLog]:
    """Requests of the ninety days before `now_ms`, oldest first, the last one just before it.

    `offset` is of the zone people work in: they begin in the morning and rest at weekends.
    """
    chance = random.Random(seed)  # noqa: S311 - it invents traffic, it keeps no secret
    found: list[RequestLog] = []
    now_s = now_ms // 1000
    for hour_s in range(now_s // _HOUR_S * _HOUR_S - DAYS * _DAY_S, now_s, _HOUR_S):
        for _ in range(_count(chance, _expected(hour_s, now_s, offset))):
            begun_ms = (hour_s + chance.randrange(_HOUR_S)) * 1000
            found += _session(chance, begun_ms, now_ms, offset)
    # Whatever the hour, somebody is at work at this moment.
    for minutes in (41, 26, 12, 4, 2):
        found += _session(chance, now_ms - minutes * 60_000, now_ms, offset)
    return sorted(
        (one for one in found if one.timestamp > now_ms - DAYS * _DAY_S * 1000),
        key=lambda one: one.timestamp,
    )


class LiveTraffic:
    """What goes on after that: requests as they end, one after the other."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - it invents traffic, it keeps no secret
        self._talks: list[_Talk] = []

    def pause_s(self) -> float:
        """How long it is until the next one."""
        return min(_around(self._chance, 2.2, 0.7), 12.0)

    def ended(self, now_ms: int) -> RequestLog:
        """A request that ends now, of one of a few conversations that go on."""
        chance = self._chance
        if len(self._talks) < _TALKS_AT_ONCE or chance.random() < 0.08:
            model = model_of(chance, 0)
            self._talks = [
                *self._talks[-_TALKS_AT_ONCE + 1 :],
                _Talk(chance, model, key_of(chance, model)),
            ]
        request = chance.choice(self._talks).turn(now_ms, 9_000, is_incident=False)
        return msgspec.structs.replace(request, timestamp=now_ms)


def _expected(hour_s: int, now_s: int, offset: Offset) -> float:
    """Sessions that begin in this hour, on average."""
    local_s = hour_s + offset(hour_s)
    day, hour = divmod(local_s // _HOUR_S, 24)
    is_weekend = (day + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    grown = 1 - (1 - _GROWN_FROM) * (now_s - hour_s) / (DAYS * _DAY_S)
    share = _BY_HOUR[hour] / sum(_BY_HOUR)
    return _SESSIONS_PER_DAY * share * grown * (_WEEKEND if is_weekend else 1)


def _count(chance: random.Random, expected: float) -> int:
    """A number of independent things of which so many are expected (Poisson)."""
    limit, product, count = math.exp(-expected), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count


def _around(chance: random.Random, middle: float, spread: float) -> float:
    """Above nothing, half of the time below the middle, now and then far above it."""
    return middle * math.exp(chance.gauss(0, spread))


def _session(
    chance: random.Random, begun_ms: int, now_ms: int, offset: Offset
) -> Iterator[RequestLog]:
    days_ago = (now_ms - begun_ms) / (_DAY_S * 1000)
    model = model_of(chance, days_ago)
    talk = _Talk(chance, model, key_of(chance, model))
    at_ms = float(begun_ms)
    for _ in range(1 + int(_around(chance, 10, 0.75))):
        pause_ms = _around(chance, 9_000, 1.1)
        at_ms += pause_ms
        request = talk.turn(int(at_ms), pause_ms, is_incident=_is_incident(at_ms, now_ms, offset))
        at_ms = request.timestamp
        if at_ms > now_ms:
            return
        yield request


def _is_incident(at_ms: float, now_ms: int, offset: Offset) -> bool:
    """One afternoon a provider was overloaded."""
    at_s = int(at_ms) // 1000
    day, hour = divmod((at_s + offset(at_s)) // _HOUR_S, 24)
    now_s = now_ms // 1000
    return (now_s + offset(now_s)) // _DAY_S - day == _INCIDENT_DAYS_AGO and hour in _INCIDENT_HOURS


class _Talk:
    """A conversation with one model: what was said so far is sent again with each turn."""

    def __init__(self, chance: random.Random, model: Model, key: str) -> None:
        self._chance = chance
        self._model = model
        self._key = key
        self._said = 0

    def turn(self, begun_ms: int, pause_ms: float, *, is_incident: bool) -> RequestLog:
        """The request that is sent then, as it ends."""
        share = _FAILURE_SHARE
        if is_incident and self._model.provider == "claude":
            share = _INCIDENT_SHARE
        if self._chance.random() < share:
            return self._failure(begun_ms, is_incident=is_incident)
        return self._success(begun_ms, pause_ms)

    def _success(self, begun_ms: int, pause_ms: float) -> RequestLog:
        chance, model = self._chance, self._model
        fresh = int(_around(chance, 1_100 if self._said else model.context, 0.8))
        known = self._said if pause_ms < _CACHE_LIVES_MS else 0
        if known + fresh > _MOST_CONTEXT:  # agents sum up what was said and begin anew
            known, fresh = 0, int(_around(chance, model.context, 0.3))
        output = max(8, int(_around(chance, model.output, 0.85)))
        cached, written, uncached = known, 0, fresh
        if model.writes_cache:
            uncached = chance.randrange(3, 60)
            written = max(0, fresh - uncached)
        else:
            cached = int(known * chance.uniform(0.75, 1)) // 128 * 128
            uncached = known - cached + fresh
        self._said = known + fresh + output
        retries = chance.choices((0, 1, 2), (97, 2.4, 0.6))[0]
        ttft_ms = int(_around(chance, model.ttft_ms, 0.32) * (1 + self._said / 300_000))
        speed = _around(chance, model.tokens_per_second, 0.18)
        duration_ms = (
            ttft_ms + int(output / speed * 1000) + int(retries * _around(chance, 1800, 0.4))
        )
        if chance.random() < _NO_USAGE_SHARE:
            return self._request(begun_ms, duration_ms, 200, source="log")
        return self._request(
            begun_ms,
            duration_ms,
            200,
            tokens_in=uncached + cached + written,
            tokens_out=output,
            tokens_cached=cached,
            tokens_cache_write=written or None,
            tokens_reasoning=int(output * model.thinks * chance.uniform(0.4, 1.4)) or None,
            ttft_ms=ttft_ms,
            attempts=retries + 1 if retries else None,
        )

    def _failure(self, begun_ms: int, *, is_incident: bool) -> RequestLog:
        chance = self._chance
        status = chance.choices(list(_FAILURES), list(_FAILURES.values()))[0]
        if is_incident:
            status = chance.choice((529, 529, 529, 503))
        lasts_ms = _around(chance, 6_000 if status == 499 else 650, 0.7)
        tries = chance.choice((2, 3, 3)) if status in {429, 529, 503} else None
        return self._request(begun_ms, int(lasts_ms), status, attempts=tries)

    def _request(
        self,
        begun_ms: int,
        duration_ms: int,
        status: int,
        source: str = "log+queue",
        **facts: int | None,
    ) -> RequestLog:
        model = self._model
        request = RequestLog(
            timestamp=begun_ms + duration_ms,
            provider=model.provider,
            model=model.name,
            model_requested=model.requested,
            path=model.path,
            status=status,
            duration_ms=duration_ms,
            request_id=f"{self._chance.getrandbits(32):08x}",
            api_key=self._key,
            account=model.account,
            source=source,
        )
        return msgspec.structs.replace(request, **facts)
