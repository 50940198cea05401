"""Totals of a day and a model (ccusage) becoming facts: tokens and cost, no request.

A day takes a total only if it has nothing of its own, and not before it is over; a total that was
brought before is known. Must not enter: file formats.
"""

from decimal import Decimal

from proxypal.records.counters import Counters
from proxypal.records.foreign_rows import DayTotal
from proxypal.records.imported import ImportedFacts
from proxypal.records.incoming import settled_model, settled_provider
from proxypal.records.labels import day_label, hour_of_label
from proxypal.records.legacy import start_of_hour
from proxypal.records.natural_key import DAY_MS, day_total_key
from proxypal.service.import_gathering import Gathering
from proxypal.service.import_report import BadRow
from proxypal.service.import_sieve import Sieve


class DayTotalCounting:
    """Counts the totals of one file."""

    def __init__(self, gathering: Gathering, sieve: Sieve, now_ms: int) -> None:
        self.added = 0
        self.known = 0
        self._gathering = gathering
        self._sieve = sieve
        self._today = day_label(gathering.hours(now_ms))
        self._is_free: dict[str, bool] = {}
        self._skipped: dict[str, str] = {}

    def add(self, row: DayTotal) -> BadRow | None:
        """Count a total; or why it cannot be counted."""
        try:
            day = hour_of_label(row.day) // 24
        except ValueError:
            return BadRow(row.line, "it tells no day")
        reason = self._why_not(row.day)
        if reason is not None:
            self._skipped[row.day] = reason
            return None
        provider, model = settled_provider(row.provider), settled_model(row.model)
        key = day_total_key(row.day, provider, model)
        if self._sieve.sort("day", day * DAY_MS, key, None) == "known":
            self.known += 1
            return None
        self.added += 1
        at_ms = start_of_hour(self._gathering.hours, day * 24)
        self._gathering.add_total(row.day, (provider, model), _counters(row), at_ms)
        return None

    def _why_not(self, day: str) -> str | None:
        if day > self._today:
            return "this day is still to come"
        if day == self._today:
            return "this day is not over yet"
        if day not in self._is_free:
            self._is_free[day] = self._sieve.recognition.is_free(day)
        return None if self._is_free[day] else "already has requests of its own"

    def facts(self) -> ImportedFacts:
        """Everything so far, and what it rests on."""
        free = frozenset(day for day, is_free in self._is_free.items() if is_free)
        return self._gathering.facts(self._sieve.taken, self._sieve.basis(free=free))

    def skipped(self) -> list[str]:
        """The days that were left out, and why."""
        return [f"{day}: {reason}" for day, reason in sorted(self._skipped.items())]


def _counters(row: DayTotal) -> Counters:
    tokens = row.tokens
    return Counters(
        tokens_in=tokens.input,
        tokens_out=tokens.output,
        tokens_cached=tokens.cache_read,
        tokens_cache_write=tokens.cache_write,
        tokens_reasoning=tokens.reasoning,
        unpriced=int(bool(tokens) and row.cost_usd is None),
        cost_usd=Decimal(0) if row.cost_usd is None else row.cost_usd,
    )
