"""The state of a page as its address: what is asked for, and links that ask for a little else.

Must not enter: what the words mean.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request


class Address(NamedTuple):
    """A path and the words behind it; words that are not set are not in it."""

    path: str
    words: Mapping[str, str]

    def to(self, **changes: str | None) -> str:
        """The address with some words set otherwise; None takes a word away."""
        asked = {**self.words, **changes}
        found = urlencode({name: value for name, value in asked.items() if value})
        return f"{self.path}?{found}" if found else self.path


def address_of(request: Request, names: Sequence[str]) -> Address:
    """The address of a page, with the words it knows; others (a tracker's) are left alone."""
    given = request.query_params
    words = {name: given[name] for name in names if given.get(name)}
    return Address(request.url.path, words)
