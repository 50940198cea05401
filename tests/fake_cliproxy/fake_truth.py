"""What really happened at the fake proxy, and what totals must say of it.

The truth is kept as requests and attempts; `expected` sums up what a perfect reader of the log,
of the queue, or of both could know. Records that physics lost (see `Fate`) are known to nobody.
"""

from collections.abc import Iterator, Mapping

import msgspec

from fake_queue import Fate
from fake_usage import Family, Usage
from proxypal.records.aggregate import UsageStats
from proxypal.records.detection import canonical_provider, detect_provider
from proxypal.records.request import UNKNOWN

HELD = frozenset({Fate.WAITING, Fate.DELIVERED})


class TrueAttempt(msgspec.Struct, kw_only=True):
    """One record's facts. `told` is what its version reveals of the tokens."""

    number: int
    started_ms: int
    family: Family
    model: str
    told: Usage
    failed: bool
    status: int
    is_extra: bool = False
    turn: int = 0


class TrueRequest(msgspec.Struct, kw_only=True):
    """One client-visible request. `counts` is False for what is no call to a model.

    `log_model` and `log_provider` are what the log's lines about this request named.
    """

    request_id: str
    path: str
    method: str
    status: int
    ended_ms: int
    counts: bool
    client_key: str
    is_socket: bool = False
    has_line: bool = False
    log_model: str = UNKNOWN
    log_provider: str = ""
    attempts: list[TrueAttempt] = []


class Sums(msgspec.Struct):
    """Counts of a group of requests."""

    requests: int = 0
    successes: int = 0
    failures: int = 0
    tokens: Usage = Usage()

    def count(self, *, success: bool) -> None:
        """One request more."""
        self.requests += 1
        if success:
            self.successes += 1
        else:
            self.failures += 1


class Expected(msgspec.Struct):
    """What totals must be. Groups: upstream model, provider's key in totals, plain client key."""

    total: Sums = msgspec.field(default_factory=Sums)
    by_model: dict[str, Sums] = {}
    by_provider: dict[str, Sums] = {}
    by_key: dict[str, Sums] = {}

    def groups(self, model: str, provider: str, key: str) -> Iterator[Sums]:
        """Every sum that a request of these belongs to."""
        yield self.total
        yield self.by_model.setdefault(model, Sums())
        yield self.by_provider.setdefault(provider, Sums())
        if key:
            yield self.by_key.setdefault(key, Sums())

    def differences(self, stats: UsageStats) -> list[str]:
        """What `get_usage_stats()` says otherwise, a sentence each; nothing if it is right."""
        tokens = self.total.tokens
        found = _differ(
            "total",
            {
                "requests": (stats.total_requests, self.total.requests),
                "successes": (stats.success_count, self.total.successes),
                "failures": (stats.failure_count, self.total.failures),
                "input": (stats.input_tokens, tokens.input),
                "output": (stats.output_tokens, tokens.output),
                "cache read": (stats.cached_tokens, tokens.read),
                "cache write": (stats.cache_write_tokens, tokens.write),
                "reasoning": (stats.reasoning_tokens, tokens.reasoning),
            },
        )
        models = {
            row.model: _row(row.requests, row.success_count, row.tokens) for row in stats.models
        }
        providers = {
            row.provider: _row(row.requests, row.success_count, row.tokens)
            for row in stats.providers
        }
        return [
            *found,
            *_differ_by("model", models, self.by_model),
            *_differ_by("provider", providers, self.by_provider),
        ]


Row = dict[str, int]


def _row(requests: int, successes: int, tokens: int) -> Row:
    return {"requests": requests, "successes": successes, "tokens": tokens}


def _differ(what: str, values: Mapping[str, tuple[int, int]]) -> list[str]:
    return [
        f"{what}: {name} is {is_}, should be {should}"
        for name, (is_, should) in values.items()
        if is_ != should
    ]


def _differ_by(what: str, rows: Mapping[str, Row], sums: Mapping[str, Sums]) -> list[str]:
    nothing = _row(0, 0, 0)
    should = {
        name: _row(one.requests, one.successes, one.tokens.input + one.tokens.output)
        for name, one in sums.items()
    }
    return [
        line
        for name in sorted(rows.keys() | should.keys())
        for line in _differ(
            f"{what} {name}",
            {
                field: (rows.get(name, nothing)[field], should.get(name, nothing)[field])
                for field in nothing
            },
        )
    ]


class Truth:
    """Everything that happened, in the order it was scripted."""

    def __init__(self, fates: Mapping[int, Fate]) -> None:
        self.requests: list[TrueRequest] = []
        self.fates = fates

    def count_of(self, fate: Fate) -> int:
        """How many records ended so."""
        return sum(one is fate for one in self.fates.values())

    def expected(self, *, log: bool = True, queue: bool = True, losses: bool = True) -> Expected:
        """What a perfect reader of these sources must have counted.

        With `losses` False it is what the clients got, as if no record had been lost or unmade.
        """
        expected = Expected()
        for request in self.requests:
            attempts = [
                attempt
                for attempt in request.attempts
                if queue and (not losses or self.fates.get(attempt.number) in HELD)
            ]
            has_line = log and (request.has_line or not losses)
            if request.counts and (attempts or has_line):
                _count(expected, request, attempts, has_line=has_line)
        return expected


def _count(
    expected: Expected, request: TrueRequest, attempts: list[TrueAttempt], *, has_line: bool
) -> None:
    if not attempts:
        model, provider = _names_in_log(request)
        for sums in expected.groups(model, provider, ""):
            sums.count(success=request.status < 400)
        return
    answers = has_line and not request.is_socket
    for turn in _turns(attempts):
        # The record of an image tool stands alone where the attempt it came from was lost.
        main = [attempt for attempt in turn if not attempt.is_extra] or turn[:1]
        last = main[-1]
        success = not last.failed and not (answers and request.status >= 400)
        for sums in _groups(expected, last, request):
            sums.count(success=success)
        for attempt in turn:
            named = last if attempt in main else attempt
            for sums in _groups(expected, named, request):
                sums.tokens += attempt.told


def _groups(expected: Expected, attempt: TrueAttempt, request: TrueRequest) -> Iterator[Sums]:
    return expected.groups(attempt.model, attempt.family.key, request.client_key)


def _turns(attempts: list[TrueAttempt]) -> list[list[TrueAttempt]]:
    turns: dict[int, list[TrueAttempt]] = {}
    for attempt in attempts:
        turns.setdefault(attempt.turn, []).append(attempt)
    return list(turns.values())


def _names_in_log(request: TrueRequest) -> tuple[str, str]:
    """Model and provider of a request that the log alone tells of."""
    if request.status in {401, 403, 404}:
        return UNKNOWN, detect_provider(UNKNOWN, request.path)
    provider = canonical_provider(request.log_provider)
    if provider == UNKNOWN:
        provider = detect_provider(request.log_model, request.path)
    return request.log_model, provider
