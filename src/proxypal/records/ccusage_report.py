"""Daily reports of ccusage (`ccusage daily --json`), versions 15 to 20 and their relatives.

ccusage (ryoppippi/ccusage) sums what coding agents log: it knows days and models, no requests.
Shapes it has had:

- `{"daily": [entry...], "totals": ...}`; `{"projects": {name: [entry...]}}` with `--instances`;
  `{"type": "daily", "data": [entry...], "summary": ...}` in its early documentation.
- an entry's day is `date`, since v20 also `period`; `@ccusage/codex` up to v18 wrote
  `Sep 16, 2025`.
- models are `modelBreakdowns` (a list, with costs), or `models` (an object by name, without
  costs, and with reasoning: Codex).
- `cachedInputTokens` (Codex up to v18) is part of `inputTokens`; `cacheReadTokens` never is.
- a cost of 0 for tokens means that ccusage had no price (offline, or a new model): no cost here.

Must not enter: what these totals are added to, and what they cost by our own prices.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from proxypal.records.attempt import NO_TOKENS, Tokens
from proxypal.records.counters import EXACT
from proxypal.records.detection import canonical_provider, provider_of_model
from proxypal.records.foreign_rows import DayTotal, ForeignRow, RowRejected
from proxypal.records.foreign_values import (
    Tree,
    checked_tokens,
    count_in,
    first,
    label,
    text_in,
    tree_of,
)
from proxypal.records.key_labels import KeyLabels
from proxypal.records.request import UNKNOWN
from proxypal.records.request_fields import read_money
from proxypal.records.tolerant_json import Refused, kind_of, read_json

_OTHER_REPORTS = ("monthly", "weekly", "session", "sessions", "blocks")
_COSTS = ("totalCost", "costUSD", "cost")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_AMERICAN_DAY = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2}), (\d{4})")


class _Part(NamedTuple):
    """What one model used on one day, by one entry."""

    model: str
    provider: str
    tokens: Tokens
    cost_usd: Decimal | None


def read_ccusage_report(data: bytes, _labels: KeyLabels) -> Iterator[ForeignRow]:
    """One `DayTotal` per day and model; entries of several projects are added up.

    `line` is the number of the entry in the file, from 1. What the models of a day do not
    account for is a total of the model `unknown`. Never raises.
    """
    try:
        entries = _entries(read_json(data))
    except Refused as error:
        yield RowRejected(0, str(error))
        return
    sums: dict[tuple[str, str, str, bool], DayTotal] = {}
    for number, entry in enumerate(entries, 1):
        try:
            day, parts = _read_entry(entry)
            for part in parts:
                _add(sums, day, part, number)
        except Refused as error:
            yield RowRejected(number, str(error))
            continue
        yield from _notices(entry, parts, number)
    yield from sums.values()


def _entries(tree: Any) -> Sequence[Any]:  # noqa: ANN401 - a JSON value is any of seven types
    if isinstance(tree, list):
        return tree
    if not isinstance(tree, dict):
        raise Refused(f"expected a report of ccusage, got {kind_of(tree)}")
    found = tree.get("daily")
    if found is None and tree.get("type") in {None, "daily"}:
        found = tree.get("data")
    projects = tree.get("projects")
    if found is None and isinstance(projects, dict):
        if not all(isinstance(entries, list) for entries in projects.values()):
            raise Refused("projects: expected a list of days for each project")
        return [entry for entries in projects.values() for entry in entries]
    if isinstance(found, list):
        return found
    other = next((name for name in _OTHER_REPORTS if name in tree or tree.get("type") == name), "")
    if other:
        raise Refused(
            f"it is ccusage's report by {other.removesuffix('s').removesuffix('ly')}, which does "
            "not tell the day: save the output of `ccusage daily --json` instead"
        )
    raise Refused("it holds no list of days")


def _read_entry(entry: object) -> tuple[str, list[_Part]]:
    entry = tree_of(entry)
    day = _day(text_in(entry, "date", "period"))
    whole = _tokens(entry)
    cost_usd = _cost(entry)
    parts = _parts(entry)
    if len(parts) == 1 and parts[0].tokens in {whole, NO_TOKENS}:
        # Only the entry tells some things of its only model: reasoning, and Codex's cost.
        told = parts[0].cost_usd if parts[0].cost_usd is not None else cost_usd
        parts = [parts[0]._replace(tokens=whole, cost_usd=_believed(told, whole))]
    rest = _rest(whole, parts, cost_usd)
    if rest is not None:
        parts.append(rest._replace(provider=_agent(entry)))
    return day, parts


def _rest(whole: Tokens, parts: Sequence[_Part], cost_usd: Decimal | None) -> _Part | None:
    """What the entry has more than its models, as a part of the model `unknown`."""
    told = NO_TOKENS
    for part in parts:
        told = _sum(told, part.tokens)
    missing = _difference(whole, told)
    if not missing:
        return None
    if cost_usd is not None and parts:
        # A day's costs are all told: what its models leave of them is this part's, or $0.
        for part in parts:
            cost_usd = EXACT.subtract(cost_usd, part.cost_usd or Decimal())
        cost_usd = max(cost_usd, Decimal())
    return _Part(UNKNOWN, UNKNOWN, missing, cost_usd)


def _parts(entry: Tree) -> list[_Part]:
    listed = first(entry, "modelBreakdowns", "models")
    if isinstance(listed, dict):
        named = list(listed.items())
    elif isinstance(listed, list) and all(isinstance(item, dict) for item in listed):
        named = [(text_in(item, "modelName", "model", "name"), item) for item in listed]
    else:
        named = []
    if not named:
        used = first(entry, "modelsUsed", "models")
        only = used[0] if isinstance(used, list) and len(used) == 1 else None
        name = only if isinstance(only, str) else UNKNOWN
        named = [(name, entry)]
    parts = []
    for name, item in named:
        if not isinstance(item, dict):
            raise Refused(f"models: expected an object for each model, got {kind_of(item)}")
        model = label(name) or UNKNOWN
        provider = provider_of_model(model)
        tokens = _tokens(item)
        cost_usd = _believed(_cost(item), tokens)
        parts.append(
            _Part(model, _agent(entry) if provider == UNKNOWN else provider, tokens, cost_usd)
        )
    return parts


def _tokens(item: Tree) -> Tokens:
    """The five kinds of an entry or of one model of it."""
    uncached = count_in(item, "inputTokens")
    read = count_in(item, "cacheReadTokens", "cachedInputTokens")
    if first(item, "cacheReadTokens") is None:
        read = min(read, uncached)
        uncached -= read
    write = count_in(item, "cacheCreationTokens")
    output = count_in(item, "outputTokens")
    metadata = item.get("metadata")
    reasoning = count_in(item, "reasoningOutputTokens") or (
        count_in(metadata, "reasoningOutputTokens") if isinstance(metadata, dict) else 0
    )
    # Whether the output includes it differs by agent; the total tells.
    beyond = count_in(item, "totalTokens") - uncached - read - write - output
    if reasoning != beyond:
        reasoning = min(reasoning, output)
        output -= reasoning
    return checked_tokens(
        Tokens(
            uncached_input=uncached,
            cache_read=read,
            cache_write=write,
            visible_output=output,
            reasoning=reasoning,
        )
    )


def _cost(item: Tree) -> Decimal | None:
    told = first(item, *_COSTS)
    try:
        return None if told is None else read_money(told)
    except Refused as error:
        raise Refused(f"cost: {error}") from None


def _believed(cost_usd: Decimal | None, tokens: Tokens) -> Decimal | None:
    return None if tokens and not cost_usd else cost_usd


def _agent(entry: Tree) -> str:
    """The provider of the only agent the entry is of, if it names one."""
    metadata = entry.get("metadata")
    agents = metadata.get("agents") if isinstance(metadata, dict) else None
    agent = agents[0] if isinstance(agents, list) and len(agents) == 1 else entry.get("agent")
    return canonical_provider(agent) if isinstance(agent, str) and agent != "all" else UNKNOWN


def _day(text: str) -> str:
    american = _AMERICAN_DAY.fullmatch(text)
    try:
        if american:
            month = _MONTHS.index(american[1][:3].lower()) + 1
            return date(int(american[3]), month, int(american[2])).isoformat()
        if len(text) == 10 and text.isascii():
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise Refused("date: expected a day like 2026-01-31")


def _add(
    sums: dict[tuple[str, str, str, bool], DayTotal], day: str, part: _Part, number: int
) -> None:
    key = (day, part.provider, part.model, part.cost_usd is None)
    known = sums.get(key)
    if known is None:
        sums[key] = DayTotal(day, part.provider, part.model, part.tokens, part.cost_usd, number)
        return
    cost_usd = known.cost_usd
    if cost_usd is not None and part.cost_usd is not None:
        cost_usd = EXACT.add(cost_usd, part.cost_usd)
    tokens = checked_tokens(_sum(known.tokens, part.tokens))
    sums[key] = known._replace(tokens=tokens, cost_usd=cost_usd)


def _notices(entry: Tree, parts: Sequence[_Part], number: int) -> Iterator[RowRejected]:
    """What the entry tells and no total can hold."""
    cost_usd = _cost(entry)
    if cost_usd and len(parts) > 1 and all(part.cost_usd is None for part in parts):
        yield RowRejected(
            number,
            f"its cost of ${cost_usd:f} is told for no single model: left out, "
            "its tokens are unpriced",
        )
    whole = _tokens(entry)
    untold = count_in(entry, "totalTokens") - whole.input - whole.output
    if untold > 0 and whole:
        yield RowRejected(number, f"{untold} of its totalTokens are of no kind it names: left out")


_KINDS = ("uncached_input", "cache_read", "cache_write", "visible_output", "reasoning")


def _sum(one: Tokens, other: Tokens) -> Tokens:
    return Tokens(**{kind: getattr(one, kind) + getattr(other, kind) for kind in _KINDS})


def _difference(whole: Tokens, told: Tokens) -> Tokens:
    # Models may not say how much of their output was reasoning, though the entry does.
    output = max(whole.output - told.output, 0)
    reasoning = min(max(whole.reasoning - told.reasoning, 0), output)
    return Tokens(
        uncached_input=max(whole.uncached_input - told.uncached_input, 0),
        cache_read=max(whole.cache_read - told.cache_read, 0),
        cache_write=max(whole.cache_write - told.cache_write, 0),
        visible_output=output - reasoning,
        reasoning=reasoning,
    )
