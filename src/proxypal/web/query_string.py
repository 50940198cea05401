"""The parameters of a query string, strictly: a misspelt name must not be a question unasked.

Must not enter: what the parameters mean.
"""

from collections.abc import Sequence
from typing import NamedTuple

from proxypal.errors import WrongUsage
from proxypal.records.request import shorten
from proxypal.web.endpoints import Call, Parameter

_SHOWN_CHARS = 60
_FLAGS = {"true": True, "false": False}


class Given(NamedTuple):
    """What was given, by name."""

    values: dict[str, list[str]]

    def one(self, name: str) -> str | None:
        """The text under this name, None if it is not given."""
        return self.values[name][0] if name in self.values else None

    def many(self, name: str) -> tuple[str, ...]:
        """All texts under this name, in their order."""
        return tuple(self.values.get(name, ()))

    def flag(self, name: str) -> bool:
        """Whether it is given as `true`.

        Raises:
            WrongUsage: it is neither true nor false.
        """
        return self.choice(name, "false", tuple(_FLAGS)) == "true"

    def choice(self, name: str, usual: str, known: Sequence[str]) -> str:
        """One of the texts known; `usual` if it is not given.

        Raises:
            WrongUsage: another text.
        """
        text = self.one(name)
        if text is not None and text not in known:
            raise WrongUsage(f"{name} is {_shown(text)}; it can be {' or '.join(known)}.")
        return usual if text is None else text

    def whole(self, name: str, most: int) -> int | None:
        """A whole number from 0 to `most`, None if it is not given.

        Raises:
            WrongUsage: anything else.
        """
        text = self.one(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))):
            wanted = f"a whole number from 0 to {most:,}"
            raise WrongUsage(f"{name} is {_shown(text)}; it must be {wanted}.")
        number = int(text)
        if number > most:
            raise WrongUsage(f"{name} is {_shown(text)}; it can be at most {most:,}.")
        return number


def given(call: Call, parameters: Sequence[Parameter]) -> Given:
    """The parameters of a call.

    Raises:
        WrongUsage: there is no parameter of that name, or it can be given only once.
    """
    lists = {parameter.name: parameter.is_list for parameter in parameters}
    found: dict[str, list[str]] = {}
    for name, value in call.request.query_params.multi_items():
        if name not in lists:
            there = f"there are {', '.join(lists)}" if lists else "this call takes none"
            raise WrongUsage(f"There is no parameter {_shown(name)}; {there}.")
        if name in found and not lists[name]:
            raise WrongUsage(f"{name} is given twice; give it once.")
        found.setdefault(name, []).append(value)
    return Given(found)


def _shown(text: str) -> str:
    return repr(shorten(text, _SHOWN_CHARS))
