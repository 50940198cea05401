"""What may be kept of a JSON value of any shape: numbers, plain labels, fingerprints of keys.

Headers and bodies go; values under key-like names become labels; addresses, key-shaped words and
the record's own secrets are masked wherever else they stand, also as names of objects. Bounded in
depth, number and length, and nothing decoded from JSON can make it fail. Must not enter: what a
record means, and which names mean what (`records.field_rules`).
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec

from proxypal.records.field_rules import LABELS, Rule, is_field_name, rule_of, rule_within
from proxypal.records.key_labels import KeyLabels, is_label
from proxypal.records.request import MAX_LABEL_CHARS
from proxypal.records.text_cleaning import CUT, clean_label, clean_text
from proxypal.records.tolerant_json import printable

MAX_PAYLOAD_BYTES = 8192
"""Longest payload that is kept; of a longer one the known fields are kept first."""

_MAX_DEPTH = 12
_MAX_VALUES = 1000
_NUMBER_CHARS = 40
_DROPPED = object()
_ENCODER = msgspec.json.Encoder(decimal_format="number")

_OWN_SECRET_CHARS = 8
"""Shorter ones stand in ordinary words by accident."""

_OWN_SECRET_IN_LABEL_CHARS = 12
_MAX_OWN_SECRETS = 200
_PLANNED_NAMES = 64
_PLANNED_CHARS = 2048

_KNOWN = LABELS | {"api_key", "fail", "source", "token_breakdown", "tokens"}

# Looked up several times per value; an enumeration's members are slow to reach.
_LABEL, _FREE, _COUNT, _DROP = Rule.LABEL, Rule.FREE, Rule.COUNT, Rule.DROP
_CONTENT, _SECRET, _ACCOUNT = Rule.CONTENT, Rule.SECRET, Rule.ACCOUNT
_KEYS = (_SECRET, _ACCOUNT)


def scrub(value: object, labels: KeyLabels) -> tuple[Any, bytes]:
    """What may be kept of a decoded JSON value, and the same as compact JSON of bounded length."""
    walk = _Walk(labels)
    kept = walk.whole(value)
    body = _ENCODER.encode(kept)
    if walk.must_look_again(body):
        kept = _Walk(labels, walk.secrets).whole(value)
        body = _ENCODER.encode(kept)
    return (kept, body) if len(body) <= MAX_PAYLOAD_BYTES else _shortened(kept)


class _Walk:
    """One way through one value. `room` is how many more values may be kept.

    `known` are the record's own secrets and their labels, found by an earlier walk.
    """

    __slots__ = ("account", "api_key", "has_long_text", "known", "room", "secrets")

    def __init__(self, labels: KeyLabels, known: Mapping[str, str] | None = None) -> None:
        self.api_key = labels.api_key
        self.account = labels.account
        self.known = sorted(known.items(), key=lambda one: -len(one[0])) if known else ()
        self.room = _MAX_VALUES
        self.secrets: dict[str, str] = {}
        self.has_long_text = False

    def whole(self, value: object) -> Any:  # noqa: ANN401 - a JSON value is any of seven types
        """The outermost value; text that no name belongs to may be anything."""
        if isinstance(value, Mapping):
            # The known fields first, so that there is room for them.
            known = {name: item for name, item in value.items() if name in _KNOWN}
            return self._object({**known, **value}, _FREE, 1)
        kept = self._value(value, _COUNT, 0)
        return None if kept is _DROPPED else kept

    def must_look_again(self, body: bytes) -> bool:
        """Whether a secret of this record also stands elsewhere in it, or may have been cut."""
        if not self.secrets:
            return False
        return self.has_long_text or any(
            _ENCODER.encode(secret)[1:-1] in body for secret in self.secrets
        )

    def _value(self, value: object, rule: Rule, depth: int) -> Any:  # noqa: ANN401 - or `_DROPPED`
        if isinstance(value, str):
            return self._text(value, rule)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float | Decimal):
            return self._number(value, rule)
        return self._nested(value, rule, depth)

    def _nested(self, value: object, rule: Rule, depth: int) -> Any:  # noqa: ANN401 - or `_DROPPED`
        if rule is _DROP:
            return _DROPPED
        if depth >= _MAX_DEPTH:
            return CUT
        if isinstance(value, Mapping):
            return self._object(value, rule, depth + 1)
        if isinstance(value, list | tuple) and rule is not _CONTENT:
            return self._list(value, rule, depth + 1)
        return _DROPPED

    def _object(self, value: Mapping[str, object], outer: Rule, depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        room = max(self.room, 0)
        self.room -= len(value)
        names = tuple(value) if len(value) <= room else tuple(islice(value, room))
        for (name, rule, is_plain), item in zip(_plan(names, outer), value.values(), strict=False):
            if is_plain or outer in _KEYS or not isinstance(item, int):
                new = self._value(item, rule, depth)
            else:
                new = self._number(item, _COUNT)  # counted by a key, which the name is
            if new is _DROPPED:
                continue
            kept[name if is_plain and not self.known else self._name(name, outer)] = new
        return kept

    def _list(self, value: Sequence[object], rule: Rule, depth: int) -> list[Any]:
        room = max(self.room, 0)
        self.room -= len(value)
        kept = (self._value(item, rule, depth) for item in islice(value, room))
        return [item for item in kept if item is not _DROPPED]

    def _name(self, name: str, outer: Rule) -> str:
        if name not in LABELS:
            name = self._without_known(name, _FREE)
        return name if _is_plain(name, outer) else self._secret(name, _SECRET)

    def _text(self, text: str, rule: Rule) -> Any:  # noqa: ANN401 - text, or `_DROPPED`
        if rule is _LABEL or rule is _FREE:
            if len(text) > MAX_LABEL_CHARS:
                self.has_long_text = True
            if self.known:
                text = self._without_known(text, rule)
            return clean_label(text) if rule is _LABEL else clean_text(text)
        if rule is _DROP or rule is _CONTENT:
            return _DROPPED
        return self._secret(text, rule)

    def _without_known(self, text: str, rule: Rule) -> str:
        least = _OWN_SECRET_IN_LABEL_CHARS if rule is _LABEL else 0
        text = printable(text)
        for secret, label in self.known:
            if len(secret) >= least:
                text = text.replace(secret, label)
        return text

    def _secret(self, text: str, rule: Rule) -> str:
        """A label, and the secret is looked for in the rest of the record too."""
        text = printable(text).strip()
        label = self.account(text) if rule is _ACCOUNT else self.api_key(text)
        is_new = len(text) >= _OWN_SECRET_CHARS and len(self.secrets) < _MAX_OWN_SECRETS
        if is_new and not is_label(text):
            self.secrets[text] = label
        return label

    def _number(self, value: float | Decimal, rule: Rule) -> Any:  # noqa: ANN401 - a number or text
        if not _fits(value):
            return CUT
        return self.api_key(str(value)) if rule is _SECRET or rule is _ACCOUNT else value


def _plan(names: tuple[str, ...], outer: Rule) -> Sequence[tuple[str, Rule, bool]]:
    """For each name its rule, and whether it may stay as it is."""
    if len(names) <= _PLANNED_NAMES and sum(map(len, names)) <= _PLANNED_CHARS:
        return _remembered_plan(names, outer)
    return _remembered_plan.__wrapped__(names, outer)


@lru_cache(maxsize=256)
def _remembered_plan(names: tuple[str, ...], outer: Rule) -> Sequence[tuple[str, Rule, bool]]:
    return [(name, rule_within(outer, rule_of(name)), _is_plain(name, outer)) for name in names]


def _is_plain(name: str, outer: Rule) -> bool:
    """Whether a name is no key: under `apis` or `accounts` most of them are."""
    if name in LABELS:
        return True
    return is_field_name(name) and (outer not in _KEYS or rule_of(name) is _COUNT)


def _fits(value: float | Decimal) -> bool:
    """Whether a number is one, and not as long as a text."""
    if isinstance(value, int):
        return -(1 << 63) <= value < 1 << 64
    if isinstance(value, Decimal):
        return value.is_finite() and len(str(value)) <= _NUMBER_CHARS
    return value - value == 0  # neither infinite nor NaN


def _shortened(value: Any) -> tuple[Any, bytes]:  # noqa: ANN401 - a JSON value
    """As much of a large value as may be kept: the known fields, then the smallest others."""
    if not isinstance(value, dict):
        return CUT, _ENCODER.encode(CUT)
    sizes = {
        name: len(_ENCODER.encode(name)) + len(_ENCODER.encode(item)) + 2
        for name, item in value.items()
    }
    names = set()
    room = MAX_PAYLOAD_BYTES - 2
    for name in sorted(sizes, key=lambda name: (name not in _KNOWN, sizes[name])):
        room -= sizes[name]
        if room < 0:
            break
        names.add(name)
    kept = {name: item for name, item in value.items() if name in names}
    return kept, _ENCODER.encode(kept)
