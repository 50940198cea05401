"""Parameters of a query string, read strictly."""

from typing import Any

import pytest
from starlette.requests import Request

from proxypal.errors import WrongUsage
from proxypal.web.endpoints import Call, Parameter
from proxypal.web.query_string import Given, given

PARAMETERS = (Parameter("a", "One."), Parameter("b", "Several.", is_list=True))


def asked(query: str) -> Given:
    """What is given by a query string."""
    nobody: Any = None
    request = Request({"type": "http", "query_string": query.encode(), "headers": []})
    return given(Call(nobody, request), PARAMETERS)


def test_what_is_given() -> None:
    """One value, several in their order, empty text, and nothing are told apart."""
    found = asked("a=x%20y&b=2&b=1")
    assert (found.one("a"), found.many("b")) == ("x y", ("2", "1"))
    assert (asked("a=").one("a"), asked("").one("a"), asked("").many("b")) == ("", None, ())


@pytest.mark.parametrize("query", ["c=1", "A=1", "a=1&a=1", "=1", "a%00=1"])
def test_what_there_is_not_is_refused(query: str) -> None:
    """An unknown name, or one that is given twice and can be once, is no question."""
    with pytest.raises(WrongUsage):
        asked(query)


def test_a_refusal_says_what_there_is() -> None:
    """Who misspells a name reads the right ones, and a long one is cut."""
    with pytest.raises(WrongUsage, match=r"no parameter 'aa'; there are a, b\."):
        asked("aa=1")
    with pytest.raises(WrongUsage) as caught:
        asked("x" * 10_000 + "=1")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("100", 100)])
def test_whole_numbers(text: str, number: int) -> None:
    """A whole number within its bound is one."""
    assert asked(f"a={text}").whole("a", 100) == number


@pytest.mark.parametrize("text", ["", "-1", "1.0", "1e2", "%2B1", "101", "9" * 5000, "%D9%A3", "_"])
def test_what_is_no_whole_number(text: str) -> None:
    """A sign, a fraction, other digits or one beyond the bound are refused."""
    with pytest.raises(WrongUsage):
        asked(f"a={text}").whole("a", 100)


def test_choices_and_flags() -> None:
    """A word of a set is taken as it is; any other, also in capitals, is refused."""
    assert asked("").choice("a", "x", ("x", "y")) == "x"
    assert asked("a=y").choice("a", "x", ("x", "y")) == "y"
    assert [asked(query).flag("a") for query in ("", "a=false", "a=true")] == [False, False, True]
    for query in ("a=True", "a=1", "a="):
        with pytest.raises(WrongUsage, match=r"it can be true or false\."):
            asked(query).flag("a")
