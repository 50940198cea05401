"""Conditions on what was used: `model=claude-*`, `provider!=openai`, `outcome=failed`.

`*` stands for any text, `|` between alternatives; capitals do not matter in providers, models
and sources. A key or account is named by its label, or as the user called it in the settings.
Must not enter: what is done with what is admitted.
"""

import re
from collections.abc import Mapping

import msgspec

from proxypal.records.detection import canonical_provider
from proxypal.records.request import shorten
from proxypal.records.tolerant_json import Refused
from proxypal.records.usage_axes import NAMES, OUTCOME, OUTCOMES, SUCCESS

FORMS = (
    "NAME=VALUE or NAME!=VALUE, NAME being one of provider, model, key, account, source, outcome"
)

_CONDITION = re.compile(r"\s*([\w-]*)\s*(!?)=(?!\s*=)(.*)", re.DOTALL)
_ANY_CASE = frozenset({"provider", "model", "source"})
_NAMED_BY_USER = frozenset({"key", "account"})
_FAILED = "failed"


class Condition(msgspec.Struct, frozen=True):
    """One condition; `labels` are those that the user's own names stand for."""

    field: str
    negated: bool
    patterns: tuple[str, ...]
    labels: tuple[str, ...] = ()

    def admits(self, label: str) -> bool:
        """Whether a name is what the condition asks for; empty text means nobody told."""
        found = label in self.labels
        if not found:
            name = label.lower() if self.field in _ANY_CASE else label
            found = any(_fits(pattern, name) for pattern in self.patterns)
        return found is not self.negated

    @property
    def outcomes(self) -> frozenset[str]:
        """Of a condition on the outcome: those of `OUTCOMES` it admits."""
        wanted = set(self.patterns)
        if _FAILED in wanted:
            wanted.update(name for name in OUTCOMES if name != SUCCESS)
        return frozenset(name for name in OUTCOMES if (name in wanted) is not self.negated)

    @property
    def text(self) -> str:
        """As it could be written."""
        return f"{self.field}{'!=' if self.negated else '='}{'|'.join(self.patterns)}"


def parse_condition(text: str, names: Mapping[str, str]) -> Condition:
    """The condition a text means; `names` are labels of keys and accounts, and what to call them.

    Raises:
        Refused: it means none; the message says what is wrong.
    """
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise Refused(f"{_shown(text)} is no condition: {FORMS}")
    field, negated = found[1].lower(), bool(found[2])
    if field not in NAMES and field != OUTCOME:
        raise Refused(
            f"{_shown(found[1])} in {_shown(text)} is none of {', '.join(NAMES)}, outcome"
        )
    values = [value.strip() for value in found[3].split("|")]
    if field == OUTCOME:
        return Condition(field, negated, tuple(_outcome(value) for value in values))
    labels: list[str] = []
    if field in _NAMED_BY_USER:
        wanted = [value.lower() for value in values if value]
        labels = [
            label
            for label, name in names.items()
            if any(_fits(value, name.lower()) for value in wanted)
        ]
    elif field == "provider":
        values = [
            value if "*" in value or not value else canonical_provider(value) for value in values
        ]
    if field in _ANY_CASE:
        values = [value.lower() for value in values]
    return Condition(field, negated, tuple(values), tuple(labels))


def _outcome(value: str) -> str:
    name = value.lower().replace("-", "_")
    if name in OUTCOMES or name == _FAILED:
        return name
    raise Refused(f"{_shown(value)} is no outcome: {', '.join((SUCCESS, _FAILED, *OUTCOMES[1:]))}")


def _fits(pattern: str, name: str) -> bool:
    """Whether `name` is `pattern`, with `*` for any text; linear, whatever the pattern."""
    if "*" not in pattern:
        return name == pattern
    first, *middle, last = pattern.split("*")
    if len(name) < len(first) + len(last) or not name.startswith(first) or not name.endswith(last):
        return False
    place, end = len(first), len(name) - len(last)
    for part in middle:
        place = name.find(part, place, end)
        if place < 0:
            return False
        place += len(part)
    return True


def _shown(text: str) -> str:
    return repr(shorten(text, 80))
