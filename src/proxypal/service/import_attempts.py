"""Attempts of another collector's file becoming facts, each once, a client's request once.

An attempt is left out if the store has it, if the file repeats it, or if files of ProxyPal or a
day's total count it. Where a log covers its moment, or the store has another attempt of its
request, only its tokens are new. Must not enter: file formats (`import_readers`), how attempts of
one request join (`records.joining_rule`).
"""

from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence

import msgspec

from proxypal.records.attempt import Attempt
from proxypal.records.detection import canonical_provider
from proxypal.records.foreign_rows import AttemptRow
from proxypal.records.imported import SOURCE, ImportedFacts, cut_to
from proxypal.records.incoming import MAX_SKEW_MS, admit, settled_model
from proxypal.records.joining_rule import (
    SLACK_MS,
    Mark,
    Place,
    attempt_mark,
    place_attempt,
    request_of,
    with_attempt,
)
from proxypal.records.natural_key import attempt_key
from proxypal.records.request import RequestLog
from proxypal.service.import_gathering import Gathering
from proxypal.service.import_report import BadRow, RowTally
from proxypal.service.import_rows import totalled_notes
from proxypal.service.import_sieve import Sieve

_OPEN_IDS = 10_000
"""So many request ids are remembered for further attempts, those used last."""

_OPEN_TURNS = 20
"""A websocket's turns are all of one id; only the last can be joined."""

PriceAttempts = Callable[[Sequence[Attempt]], Sequence[Attempt]]


class _Open(msgspec.Struct):
    """A request that further attempts may join; `number` is None if it is counted elsewhere."""

    number: int | None
    request: RequestLog
    mark: Mark


class AttemptCounting:
    """Counts the attempts of one file. `watermark_ms` is the store's, `now_ms` the clock's."""

    def __init__(
        self,
        gathering: Gathering,
        sieve: Sieve,
        price: PriceAttempts,
        *,
        watermark_ms: int,
        now_ms: int,
    ) -> None:
        self.tally = RowTally()
        self.totalled: Counter[int] = Counter()
        self._totals = sieve.recognition.day_totals()
        self._gathering = gathering
        self._sieve = sieve
        self._price = price
        self._watermark_ms = watermark_ms
        self._now_ms = now_ms
        self._log_spans = sieve.recognition.log_spans()
        self._starts = [first for first, _ in self._log_spans]
        self._open: OrderedDict[str, list[_Open]] = OrderedDict()
        self._days: set[int] = set()
        self._ended: tuple[int, int] | None = None
        self._started: tuple[int, int] | None = None

    def add(self, rows: Sequence[AttemptRow]) -> list[BadRow]:
        """Count rows in their order; returns those that cannot be counted, and why."""
        settled = [_settled(row.attempt) for row in rows]
        bad_rows = []
        for row, attempt in zip(rows, self._price(settled), strict=True):
            # By the name it came under: that is how it was counted if it was captured live.
            reason = self._take(attempt, attempt_key(attempt.started_ms, row.attempt.model))
            if reason is not None:
                bad_rows.append(BadRow(row.line, reason))
        return bad_rows

    def _take(self, attempt: Attempt, key: int) -> str | None:
        request = self._request(request_of(attempt))
        if isinstance(request, str):
            return request
        self.tally.rows += 1
        if attempt.ended_ms <= self._watermark_ms:
            self.tally.older += 1
            return None
        day = self._gathering.hours(request.timestamp) // 24
        if day in self._totals:
            self.totalled[day] += 1
            return None
        content = _content_of(attempt, key)
        verdict = self._sieve.sort("attempt", attempt.started_ms, key, content)
        if verdict == "repeated":
            self.tally.repeated += 1
            return None
        self.tally.known += verdict == "known"
        self._note(attempt, request, day)
        return self._join(attempt, request, is_known=verdict == "known")

    def _request(self, request: RequestLog) -> RequestLog | str:
        status = request.status or (0 if request.failed else 200)
        return admit(msgspec.structs.replace(request, source=SOURCE, status=status), self._now_ms)

    def _note(self, attempt: Attempt, request: RequestLog, day: int) -> None:
        self._days.add(day)
        self._ended = _widened(self._ended, request.timestamp)
        if attempt.started_ms <= self._now_ms + MAX_SKEW_MS:
            self._started = _widened(self._started, attempt.started_ms)

    def _is_logged(self, moment_ms: int) -> bool:
        place = bisect_right(self._starts, moment_ms) - 1
        return place >= 0 and moment_ms <= self._log_spans[place][1]

    # -- one request, several attempts

    def _join(self, attempt: Attempt, request: RequestLog, *, is_known: bool) -> str | None:
        candidates = self._candidates(attempt)
        verdict = place_attempt(attempt, [one.mark for one in candidates])
        if verdict.place is Place.NEW:
            number = self._begin(request, is_known=is_known)
            candidates.append(_Open(number, request, attempt_mark(attempt)))
            del candidates[:-_OPEN_TURNS]
            return None
        one = candidates[verdict.candidate]
        changes, mark = with_attempt(one.request, one.mark, attempt, verdict.place)
        one.mark = mark
        if verdict.place is Place.EXTRA:
            if not is_known:
                self.tally.tokens_only += 1
                self._gathering.add_tokens(request)
            return None
        if is_known or self._is_logged(request.timestamp):
            self._give_up(one)
        if one.number is not None:
            grown = self._request(msgspec.structs.replace(one.request, **changes))
            if isinstance(grown, str):
                return grown
            self._gathering.change(one.number, one.request, grown)
            one.request = grown
            self.tally.joined += 1
        elif not is_known:
            self.tally.tokens_only += 1
            self._gathering.add_tokens(request)
        return None

    def _begin(self, request: RequestLog, *, is_known: bool) -> int | None:
        if is_known:
            return None
        if self._is_logged(request.timestamp):
            self.tally.tokens_only += 1
            self._gathering.add_tokens(request)
            return None
        self.tally.requests += 1
        return self._gathering.add(request)

    def _give_up(self, one: _Open) -> None:
        """Somebody else counts this request: of what was counted here only the tokens stay."""
        if one.number is not None:
            self._gathering.take_off(one.number, one.request)
            self.tally.requests -= 1
            self.tally.joined -= one.mark.attempts - 2
            self.tally.tokens_only += one.mark.attempts - 1
            one.number = None

    def _candidates(self, attempt: Attempt) -> list[_Open]:
        if attempt.request_id is None:
            return []
        found = self._open.get(attempt.request_id)
        if found is None:
            found = self._open[attempt.request_id] = []
            if len(self._open) > _OPEN_IDS:
                self._open.popitem(last=False)
        else:
            self._open.move_to_end(attempt.request_id)
        return found

    # -- the outcome

    def facts(self) -> ImportedFacts:
        """Everything so far, and what it rests on."""
        span_ms = None
        if self._started is not None:
            # A log's times are whole seconds, so its lines may seem to begin before the first.
            span_ms = (self._started[0] - SLACK_MS, self._started[1] + SLACK_MS)
        basis = self._sieve.basis(
            cut_to(self._log_spans, self._ended),
            self._ended,
            frozenset(self._days),
            watermark_ms=self._watermark_ms,
        )
        return self._gathering.facts(self._sieve.taken, basis, span_ms)

    def skipped(self) -> list[str]:
        """What was left out for a day's total."""
        return totalled_notes(self.totalled, self._totals, "attempts")


def _settled(attempt: Attempt) -> Attempt:
    """The attempt under the names it will be counted by."""
    provider, model = canonical_provider(attempt.provider), settled_model(attempt.model)
    if (provider, model) == (attempt.provider, attempt.model):
        return attempt
    return msgspec.structs.replace(attempt, provider=provider, model=model)


def _content_of(attempt: Attempt, key: int) -> int | None:
    """What the same record told twice has in common; None where a row may well be like another.

    Without a request's id two attempts of one millisecond can look alike and be two.
    """
    if attempt.key != key:
        return attempt.key
    if attempt.request_id is None:
        return None
    return hash(msgspec.structs.replace(attempt, payload=b""))


def _widened(span: tuple[int, int] | None, moment_ms: int) -> tuple[int, int]:
    if span is None:
        return moment_ms, moment_ms
    return min(span[0], moment_ms), max(span[1], moment_ms)
