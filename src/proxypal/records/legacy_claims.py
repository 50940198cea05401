"""What old files claim, read tolerantly: each number counts if it can be one, else it is a note.

The old app (ProxyPal v0.1.0-v0.4.51) overwrote its totals, so its files contradict themselves.
Here the claims are only collected; `legacy_settlement` decides. Must not enter: deciding.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_UP, Context, Decimal
from typing import Any

import msgspec

from proxypal.records.counters import EXACT
from proxypal.records.extras import clean_unknown
from proxypal.records.request_fields import MAX_COST_USD, read_count, read_money
from proxypal.records.tolerant_json import Refused, kind_of, printable

MOST = 2**50
"""The largest number an old file is believed to mean, alone or summed over a series.

Far beyond any real use, and small enough that no settled total passes 2^53 - 1.
"""

COST_DIGITS = 30
"""Claimed money is counted in units of 10^-30 dollars, so that every quantity is an integer."""

_LAST_PLACE = Decimal(1).scaleb(-COST_DIGITS)
_ROUNDING_UP = Context(prec=120, rounding=ROUND_UP)
_NOTES_KEPT = 40
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_HOUR = re.compile(r"(\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3])", re.ASCII)

Claim = dict[str, int]
"""Quantity to what is claimed: a counter's name, `cost` in units, `success`, `failures`, or
`tokens` for input plus output where the file does not tell them apart."""


class Claims(msgspec.Struct, kw_only=True):
    """What one file or several claim. The day label "" is for days that are no dates."""

    total: Claim = {}
    day: dict[str, Claim] = {}
    hour: dict[str, Claim] = {}
    model: dict[str, Claim] = {}
    provider: dict[str, Claim] = {}

    def raise_to(self, other: "Claims") -> None:
        """Take the larger of each: the files describe the same requests."""
        _raise(self.total, other.total)
        for scope in ("day", "hour", "model", "provider"):
            mine: dict[str, Claim] = getattr(self, scope)
            for label, claim in getattr(other, scope).items():
                _raise(mine.setdefault(label, {}), claim)


def _raise(claim: Claim, other: Claim) -> None:
    for quantity, value in other.items():
        claim[quantity] = max(claim.get(quantity, 0), value)


class Notes:
    """Sentences for the user about one file; the first forty are kept, the rest counted."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._kept: list[str] = []
        self._more = 0

    def add(self, sentence: str) -> None:
        """Note something about the file."""
        if len(self._kept) < _NOTES_KEPT:
            self._kept.append(f"{self.file}: {sentence}")
        else:
            self._more += 1

    def sentences(self) -> list[str]:
        """What was noted."""
        rest = f"{self.file}: {self._more} more remarks of this kind"
        return [*self._kept, rest] if self._more else self._kept


class ClaimReader:
    """Reads numbers of one file into `claims`."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.claims = Claims()
        self._spent: dict[tuple[str, str], int] = {}

    def totals(self, tree: Mapping[str, Any], names: Mapping[str, str]) -> None:
        """Lifetime totals: key in the file to quantity."""
        for key, quantity in names.items():
            value = self._value(tree, key, quantity, key)
            if value is not None:
                _raise(self.claims.total, {quantity: value})

    def series(self, tree: Mapping[str, Any], key: str, quantity: str) -> None:
        """A day or hour series: a list of `{"label": …, "value": …}`; equal labels add up."""
        is_hourly = key.endswith("Hour")
        points = tree.get(key)
        if points is None:
            return
        if not isinstance(points, list):
            self.notes.add(f"{key} is {kind_of(points)} and not a list; left out")
            return
        undated = 0
        for number, point in enumerate(points, 1):
            if not isinstance(point, dict):
                self.notes.add(f"{key}, point {number} is {kind_of(point)}; left out")
                continue
            value = self._value(point, "value", quantity, f"{key}, point {number}", key)
            label = _dated(point.get("label"), is_hourly=is_hourly)
            if label is not None:
                self._add("hour" if is_hourly else "day", label, quantity, value)
            elif value:
                undated += 1
                if not is_hourly:
                    self._add("day", "", quantity, value)
        if undated:
            self.notes.add(f"{key}: {_undated_note(undated, is_hourly=is_hourly)}")

    def labelled(
        self, tree: Mapping[str, Any], scope: str, label: str, names: Mapping[str, str], what: str
    ) -> None:
        """One model's or provider's numbers; two that fold into one label add up."""
        for key, quantity in names.items():
            value = self._value(tree, key, quantity, f"{what}, {key}", scope)
            self._add(scope, label, quantity, value)

    def _add(self, scope: str, label: str, quantity: str, value: int | None) -> None:
        if value is not None:
            claim: Claim = getattr(self.claims, scope).setdefault(label, {})
            claim[quantity] = claim.get(quantity, 0) + value

    def _value(
        self, tree: Mapping[str, Any], key: str, quantity: str, what: str, within: str = ""
    ) -> int | None:
        value = tree.get(key)
        if value is None:
            return None
        try:
            if quantity == "cost":
                return cost_units(read_money(_to_last_place(value)))
            number = read_count(value, MOST)
        except Refused as error:
            self.notes.add(f"{what}: {error}; left out")
            return None
        if within:
            spent = self._spent.get((within, quantity), 0) + number
            if spent > MOST:
                self.notes.add(f"{what}: with the others it adds up beyond 2^50; left out")
                return None
            self._spent[within, quantity] = spent
        return number


def _dated(label: object, *, is_hourly: bool) -> str | None:
    if not isinstance(label, str):
        return None
    found = (_HOUR if is_hourly else _DAY).fullmatch(label)
    return label if found and is_day(label[:10]) else None


def is_day(label: str) -> bool:
    """Whether `YYYY-MM-DD` is a day on which a proxy can have run: 1970 to 2099."""
    try:
        return 1970 <= date.fromisoformat(label).year < 2100
    except ValueError:
        return False


def _undated_note(count: int, *, is_hourly: bool) -> str:
    if is_hourly:
        return (
            f"{count} hours without a date left out (they add up the same hour of many days, "
            "so no day can be given for them)"
        )
    return f"{count} labels are no dates; what they counted is kept without a day"


def active_days(claims: Claims) -> list[str]:
    """The days at which something was counted."""
    return [label for label, claim in claims.day.items() if label and any(claim.values())]


def _to_last_place(value: object) -> object:
    """Sums of floats have digits beyond the thirtieth place; rounding up loses none of them."""
    if isinstance(value, Decimal) and value.is_finite() and 0 <= value <= MAX_COST_USD:
        return value.quantize(_LAST_PLACE, context=_ROUNDING_UP)
    return value


def cost_units(amount: Decimal) -> int:
    """Dollars in units of 10^-30."""
    return int(EXACT.scaleb(amount, COST_DIGITS))


def unknown_keys(tree: Mapping[str, Any], known: frozenset[str], notes: Notes) -> dict[str, Any]:
    """The keys of a file that are not ours, to be kept with the data."""
    extras = {printable(key): value for key, value in tree.items() if key not in known}
    try:
        return clean_unknown(extras)
    except Refused as error:
        notes.add(f"{error}; they are left in the original file only")
        return {}
