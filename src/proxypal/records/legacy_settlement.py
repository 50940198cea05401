"""The one rule by which contradictory totals of old files become consistent sums.

1. Nothing decreases. Each lifetime total is the largest of what the files state, what the rows
   add up to, and what the days, the models and the providers add up to. A label (a day, a model,
   a provider) is the larger of the rows' count and the claim, never the sum: the series of an
   aggregate contain the rows. Where models (or providers) already claim the whole total, a row
   whose own model is not among them was claimed under another: it counts under the one with most
   to spare.
2. What a total has beyond its days goes to `undated`, beyond its models and providers to
   `unknown`, so that days + undated = models = providers = total, for every quantity.
3. Failures are the largest of the rows' own, the stated, the models' and the providers'. Success
   is at most the total minus these: the old app wrote "success = requests" over its totals, while
   failures were only ever counted one by one. What neither claim covers is a failure; where no
   file states a success, it is a success.
4. Failures that belong to no label go to `undated` and `unknown` as far as these have requests,
   then to the others in proportion to theirs: no label has more failures than requests.
5. A day series counts input plus output. What it (or a model's `tokens`) has beyond the totals is
   split like the tokens whose kind is known; if none is, it is input. Shares of days follow the
   totals' proportion.
6. Hours raise nothing: those of a day are kept as far as the day has requests and tokens beyond
   its rows, in proportion. They carry no failures of imported requests.

Rows count with their own failure class, everything else as `other_failures`; `unpriced` stays 0:
the files' total cost covers their requests. Must not enter: reading files.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from proxypal.records.counters import EXACT, Counters, count_into, plain_money
from proxypal.records.labels import LocalHours, day_label, hour_label
from proxypal.records.legacy_claims import COST_DIGITS, Claim, Claims, cost_units
from proxypal.records.request import UNKNOWN, RequestLog

Key = tuple[str, str]
Sums = dict[Key, Counters]
Surplus = dict[Key, Claim]
"""What a label has beyond its rows; `tokens` and `failures` are settled into others last."""

_QUANTITIES = (
    "requests",
    "tokens_in",
    "tokens_out",
    "tokens_cached",
    "tokens_cache_write",
    "tokens_reasoning",
    "cost",
)
_TOTAL = ("total", "")
_UNDATED = ("undated", "")
_REST: dict[str, Key] = {
    "day": _UNDATED,
    "model": ("model", UNKNOWN),
    "provider": ("provider", UNKNOWN),
}


def settle(rows: Sequence[RequestLog], claims: Claims, hours: LocalHours) -> Sums:
    """Sums by scope and label that keep every claim and contradict none of each other."""
    sums = _sums_of_rows(rows, hours, claims)
    surplus = {
        scope: _surplus(sums, scope, getattr(claims, scope))
        for scope in ("day", "model", "provider")
    }
    grown = _grown(sums[_TOTAL], claims.total, surplus.values())
    for scope, labels in surplus.items():
        _share_tokens(labels, grown)
        _give_rest(labels, _REST[scope], grown)
    failures = _failures(sums[_TOTAL], claims.total, surplus, grown["requests"])
    for scope, labels in surplus.items():
        _share_failures(labels, _REST[scope], failures)
    in_hours = _hour_surplus(sums, claims, surplus["day"])
    total = {**grown, "failures": failures}
    for labels in (*surplus.values(), in_hours, {_TOTAL: total}):
        for key, more in labels.items():
            _add(sums.setdefault(key, Counters()), more)
    return {key: counters for key, counters in sums.items() if counters or key == _TOTAL}


def _sums_of_rows(rows: Sequence[RequestLog], hours: LocalHours, claims: Claims) -> Sums:
    days = [day_label(hours(row.timestamp)) if row.timestamp else "" for row in rows]
    labels = {"day": days, "model": [r.model for r in rows], "provider": [r.provider for r in rows]}
    total = max(
        claims.total.get("requests", 0),
        _merged(days, claims.day),
        *(_merged([], getattr(claims, scope)) for scope in ("model", "provider")),
    )
    for scope in ("model", "provider"):
        _move_unclaimed(labels[scope], getattr(claims, scope), total)
    sums: Sums = {_TOTAL: Counters()}
    for place, row in enumerate(rows):
        keys = [_TOTAL]
        for scope, own in labels.items():
            keys.append((scope, own[place]) if own[place] else _UNDATED)
        if row.timestamp:
            keys.append(("hour", hour_label(hours(row.timestamp))))
        for key in keys:
            count_into(sums.setdefault(key, Counters()), row)
    for counters in sums.values():
        counters.unpriced = 0
    return sums


def _merged(labels: Sequence[str], claims: dict[str, Claim]) -> int:
    """What labels come to, each the larger of its rows and its claim."""
    counted = Counter(labels)
    claimed = {label: claim.get("requests", 0) for label, claim in claims.items()}
    return sum(max(counted[label], claimed.get(label, 0)) for label in {*counted, *claimed})


def _move_unclaimed(labels: list[str], claims: dict[str, Claim], total: int) -> None:
    """Relabel rows without a claimed label, the last first, where the total has no room left."""
    spare = {label: claim.get("requests", 0) for label, claim in claims.items()}
    for label in labels:
        if label in spare:
            spare[label] -= 1
    to_move = _merged(labels, claims) - total
    for place in range(len(labels) - 1, -1, -1):
        roomiest = max(sorted(spare), key=spare.__getitem__, default="")
        if to_move <= 0 or spare.get(roomiest, 0) <= 0:
            return
        if labels[place] not in spare:
            labels[place] = roomiest
            spare[roomiest] -= 1
            to_move -= 1


def _counted(counters: Counters, quantity: str) -> int:
    return cost_units(counters.cost_usd) if quantity == "cost" else getattr(counters, quantity)


def _surplus(sums: Sums, scope: str, claims: dict[str, Claim]) -> Surplus:
    """What each label claims beyond its rows. Labels without a claim take part with nothing."""
    labels: Surplus = {_REST[scope]: {}}
    for label, claim in sorted(claims.items()):
        key = (scope, label) if label else _UNDATED
        counted = sums.get(key, Counters())
        more = {q: max(0, claim.get(q, 0) - _counted(counted, q)) for q in _QUANTITIES}
        known = counted.tokens + more["tokens_in"] + more["tokens_out"]
        more["tokens"] = max(0, claim.get("tokens", 0) - known)
        # Rows say themselves whether they failed; a claim can only speak of the other requests.
        unsaid = max(0, claim.get("failures", 0) - counted.failures)
        more["failures"] = min(unsaid, more["requests"])
        labels[key] = more
    return labels


def _summed(labels: Surplus, quantity: str) -> int:
    return sum(more.get(quantity, 0) for more in labels.values())


def _grown(rows: Counters, stated: Claim, scopes: Iterable[Surplus]) -> Claim:
    """By how much each total is more than its rows (rules 1 and 5)."""
    scopes = list(scopes)
    grown = {
        quantity: max(
            0,
            stated.get(quantity, 0) - _counted(rows, quantity),
            *(_summed(labels, quantity) for labels in scopes),
        )
        for quantity in _QUANTITIES
    }
    needed = max(
        stated.get("tokens", 0) - rows.tokens,
        *(
            sum(_summed(labels, quantity) for quantity in ("tokens_in", "tokens_out", "tokens"))
            for labels in scopes
        ),
    )
    lacking = needed - grown["tokens_in"] - grown["tokens_out"]
    if lacking > 0:
        known_in = rows.tokens_in + grown["tokens_in"]
        known = known_in + rows.tokens_out + grown["tokens_out"]
        share = lacking * known_in // known if known else lacking
        grown["tokens_in"] += share
        grown["tokens_out"] += lacking - share
    return grown


def _share_tokens(labels: Surplus, grown: Claim) -> None:
    """Turn each label's `tokens` into input and output, within what the total has left."""
    left_in = grown["tokens_in"] - _summed(labels, "tokens_in")
    left_out = grown["tokens_out"] - _summed(labels, "tokens_out")
    parts = [more.pop("tokens", 0) for more in labels.values()]
    for more, (tokens_in, tokens_out) in zip(
        labels.values(), split(parts, left_in, left_out), strict=True
    ):
        more["tokens_in"] = more.get("tokens_in", 0) + tokens_in
        more["tokens_out"] = more.get("tokens_out", 0) + tokens_out


def _give_rest(labels: Surplus, rest: Key, grown: Claim) -> None:
    for quantity in _QUANTITIES:
        left = grown[quantity] - _summed(labels, quantity)
        labels[rest][quantity] = labels[rest].get(quantity, 0) + left


def _failures(rows: Counters, stated: Claim, surplus: dict[str, Surplus], requests: int) -> int:
    """How many of the `requests` beyond the rows failed (rule 3)."""
    certain = max(
        0,
        stated.get("failures", 0) - rows.failures,
        *(_summed(labels, "failures") for labels in surplus.values()),
    )
    certain = min(certain, requests)
    if "success" not in stated:
        return certain
    return requests - min(requests - certain, max(0, stated["success"] - rows.success))


def _share_failures(labels: Surplus, rest: Key, failures: int) -> None:
    """Rule 4; in `labels` requests always suffice, for they add up to at least `failures`."""
    for more in labels.values():
        more.setdefault("failures", 0)
    left = failures - _summed(labels, "failures")
    here = min(left, labels[rest]["requests"] - labels[rest]["failures"])
    labels[rest]["failures"] += here
    room = [more.get("requests", 0) - more["failures"] for more in labels.values()]
    for more, share in zip(labels.values(), spread(left - here, room), strict=True):
        more["failures"] += share


def _hour_surplus(sums: Sums, claims: Claims, days: Surplus) -> Surplus:
    """Rule 6."""
    by_day: dict[str, list[str]] = {}
    for label in sorted(claims.hour):
        by_day.setdefault(label[:10], []).append(label)
    kept: Surplus = {}
    for day, labels in by_day.items():
        room = days.get(("day", day), {})
        counted = [sums.get(("hour", label), Counters()) for label in labels]
        wanted = [claims.hour[label] for label in labels]
        requests = [
            max(0, claim.get("requests", 0) - c.requests)
            for claim, c in zip(wanted, counted, strict=True)
        ]
        tokens = [
            max(0, claim.get("tokens", 0) - c.tokens)
            for claim, c in zip(wanted, counted, strict=True)
        ]
        room_in, room_out = room.get("tokens_in", 0), room.get("tokens_out", 0)
        shares = split(_fitted(tokens, room_in + room_out), room_in, room_out)
        for label, number, (tokens_in, tokens_out) in zip(
            labels, _fitted(requests, room.get("requests", 0)), shares, strict=True
        ):
            kept["hour", label] = {
                "requests": number,
                "tokens_in": tokens_in,
                "tokens_out": tokens_out,
            }
    return kept


def _fitted(parts: list[int], room: int) -> list[int]:
    return parts if sum(parts) <= room else spread(room, parts)


def spread(amount: int, room: Sequence[int]) -> list[int]:
    """Whole shares of `amount` in proportion to `room`, none above its room.

    `amount` must not be more than all the room. Cumulative rounding: shares add up exactly.
    """
    whole, so_far, given = sum(room), 0, 0
    shares = []
    for part in room:
        so_far += part
        upto = amount * so_far // whole if whole else 0
        shares.append(upto - given)
        given = upto
    return shares


def split(parts: Sequence[int], left: int, right: int) -> list[tuple[int, int]]:
    """Each part as two, in the proportion of `left` to `right`; the twos exceed neither.

    The parts must not add up to more than `left` + `right`.
    """
    lefts = spread(left * sum(parts) // (left + right) if left + right else 0, parts)
    return [(share, part - share) for share, part in zip(lefts, parts, strict=True)]


def _add(counters: Counters, more: Claim) -> None:
    for quantity, value in more.items():
        if quantity == "cost":
            amount = EXACT.scaleb(Decimal(value), -COST_DIGITS)
            counters.cost_usd = plain_money(EXACT.add(counters.cost_usd, amount))
        elif quantity == "failures":
            counters.other_failures += value
        else:
            setattr(counters, quantity, getattr(counters, quantity) + value)
