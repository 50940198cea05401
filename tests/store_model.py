"""What the store promises, in forty lines, and what can happen to it; see `test_model.py`."""

from collections import Counter
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st

from builders import NOW_MS, wall_clock
from proxypal.records.aggregate import Aggregate
from proxypal.records.request import RequestLog

Numbers = Counter[tuple[str, str, str]]
"""Every number that is shown, by scope, label and name."""


class Import(NamedTuple):
    """What an import added: to which epoch, which numbers, which rows."""

    epoch: int
    numbers: Numbers
    arrivals: set[int]


def numbers_of(request: RequestLog, *, is_request: bool = True) -> Numbers:
    """What one request adds to each number, from the words of the design alone.

    What is no request adds its tokens and its cost.
    """
    moment = wall_clock(request.timestamp)
    tokens_in, tokens_out = request.tokens_in or 0, request.tokens_out or 0
    shown: dict[str, Any] = {
        "requests": int(is_request),
        "success": int(is_request and 100 <= request.status < 400 and not request.failed),
        "in": tokens_in,
        "out": tokens_out,
        "tokens": tokens_in + tokens_out,
        "cost": request.cost_usd or 0,
    }
    numbers: Numbers = Counter()
    for scope, label, names in (
        ("total", "", "requests success in out cost"),
        ("day", moment.strftime("%Y-%m-%d"), "requests tokens cost"),
        ("hour", moment.strftime("%Y-%m-%dT%H"), "requests tokens"),
        ("model", request.model, "requests success in out tokens cost"),
        ("provider", request.provider, "requests success in out tokens cost"),
    ):
        numbers.update({(scope, label, name): shown[name] for name in names.split()})
    return numbers


class Model:
    """What the store promises, without files, crashes, processes and speed."""

    def __init__(self, limit: int) -> None:
        """Start empty."""
        self.limit = limit
        self.epochs: list[Numbers] = [Counter()]  # a reset begins a new one
        self.live = {0}  # those that are in the totals
        self.rows: dict[int, RequestLog] = {}  # the history, by arrival
        self.counted: dict[int, tuple[int, RequestLog]] = {}  # epoch, and as what
        self.arrivals = 0
        self.beside: list[tuple[int, RequestLog]] = []  # tokens without a request

    def add(self, request: RequestLog, *, count: bool = True) -> int:
        """Record a request, or only show it."""
        self.arrivals += 1
        if count:
            self.epochs[-1].update(numbers_of(request))
            self.counted[self.arrivals] = (len(self.epochs) - 1, request)
        self.show({**self.rows, self.arrivals: request})
        return self.arrivals

    def revise(self, arrival: int, changes: dict[str, Any]) -> None:
        """Totals move by new minus old, unless it is older than the last reset."""
        epoch, old = self.counted[arrival]
        if epoch in self.live:
            new = msgspec.structs.replace(old, **changes)
            self.epochs[epoch].subtract(numbers_of(old))
            self.epochs[epoch].update(numbers_of(new))
            self.counted[arrival] = (epoch, new)
        if arrival in self.rows:
            self.rows[arrival] = msgspec.structs.replace(self.rows[arrival], **changes)
        self.show(self.rows)

    def known(self, arrival: int) -> RequestLog:
        """What more is added to: as it was counted; what was put aside as its row shows it."""
        epoch, counted = self.counted[arrival]
        return counted if epoch in self.live else self.rows.get(arrival, counted)

    def add_beside(self, arrival: int, extra: RequestLog) -> None:
        """Count tokens of a request that is counted, if it is not older than the last reset."""
        epoch, _ = self.counted[arrival]
        if epoch in self.live:
            self.epochs[epoch].update(numbers_of(extra, is_request=False))
            self.beside.append((epoch, extra))

    def show(self, rows: dict[int, RequestLog]) -> None:
        """Keep the most recent."""
        ordered = sorted(rows.items(), key=lambda row: (row[1].timestamp, row[0]))
        self.rows = dict(ordered[max(0, len(ordered) - self.limit) :])

    def reset(self) -> set[int]:
        """Begin a new epoch; what was live is put aside."""
        aside, self.live = self.live, {len(self.epochs)}
        self.epochs.append(Counter())
        return aside

    def numbers(self) -> Numbers:
        """All-time."""
        total: Numbers = Counter()
        for epoch in self.live:
            total.update(self.epochs[epoch])
        return Counter({key: value for key, value in total.items() if value})


def numbers_shown(shown: Aggregate) -> Numbers:
    """The same numbers as the store shows them."""
    numbers: dict[tuple[str, str, str], Any] = {
        ("total", "", "requests"): shown.total_requests,
        ("total", "", "success"): shown.total_success_count,
        ("total", "", "in"): shown.total_tokens_in,
        ("total", "", "out"): shown.total_tokens_out,
        ("total", "", "cost"): shown.total_cost_usd,
    }
    for scope, name, series in (
        ("day", "requests", shown.requests_by_day),
        ("day", "tokens", shown.tokens_by_day),
        ("day", "cost", shown.cost_by_day),
        ("hour", "requests", shown.requests_by_hour),
        ("hour", "tokens", shown.tokens_by_hour),
    ):
        numbers.update({(scope, point.label, name): point.value for point in series})
    for scope, stats in (("model", shown.model_stats), ("provider", shown.provider_stats)):
        for label, one in stats.items():
            assert one.requests + one.tokens > 0, f"{label} is listed without anything"
            assert one.success_count + one.failure_count == one.requests
            numbers[scope, label, "requests"] = one.requests
            numbers[scope, label, "success"] = one.success_count
            numbers[scope, label, "in"] = one.input_tokens
            numbers[scope, label, "out"] = one.output_tokens
            numbers[scope, label, "tokens"] = one.tokens
            numbers[scope, label, "cost"] = one.cost_usd
    return Counter({key: value for key, value in numbers.items() if value})


def without_own_id(request: RequestLog) -> RequestLog:
    """A request whose id the store gave, as it was before."""
    is_own = request.id.startswith("req_")
    return msgspec.structs.replace(request, id="") if is_own else request


amounts = st.none() | st.integers(0, 5_000_000_000)
costs = st.none() | st.integers(0, 10_000).map(lambda units: Decimal(units).scaleb(-6))
models = st.sampled_from(["gpt-5", "claude-sonnet-4-5", "gemini-3-pro", "", "kimi-k2"])
statuses = st.sampled_from([200, 200, 200, 0, 302, 404, 429, 499, 500])
moments = st.integers(-20 * 24 * 60, 20).map(lambda minutes: NOW_MS + minutes * 60_000)
pushed = st.builds(
    RequestLog,
    id=st.just("") | st.uuids().map(str),
    timestamp=st.just(0) | moments,
    model=models,
    path=st.sampled_from(["/v1/messages", "/v1/chat/completions"]),
    status=statuses,
    duration_ms=st.integers(0, 100_000),
    tokens_in=amounts,
    tokens_out=amounts,
    cost_usd=costs,
    api_key=st.sampled_from([None, "team-a", "team-b"]),
    request_id=st.none() | st.uuids().map(str),
    failed=st.booleans(),
)
batches = st.lists(pushed, min_size=1, max_size=5)
revisions = st.fixed_dictionaries(
    {},
    optional={
        "tokens_in": amounts,
        "tokens_out": amounts,
        "cost_usd": costs,
        "model": st.sampled_from(["gpt-5", "kimi-k2"]),
        "provider": st.sampled_from(["openai", "moonshot"]),
        "status": statuses,
        "timestamp": moments.filter(lambda moment: moment <= NOW_MS),
    },
)
any_one = st.integers(0, 1_000_000)
