"""Which of the recent requests are meant, and in what order."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_request
from proxypal.errors import WrongUsage
from proxypal.service.request_filters import ORDERS, RequestWords, selected

REQUESTS = [
    a_request(id="1", timestamp=1, model="claude-opus-4-5", cost_usd=Decimal("0.5")),
    a_request(id="2", timestamp=2, provider="openai", model="gpt-5", status=429, tokens_in=None),
    a_request(id="3", timestamp=3, provider="openai", model="GPT-5-mini", status=503, failed=True),
    a_request(id="4", timestamp=4, api_key="sk-…0XYZ", path="/v1/Odd", duration_ms=9),
    a_request(id="5", timestamp=5, status=200, failed=True, cost_usd=Decimal("0.7")),
]


def _ids(**words: str) -> str:
    names = {"sk-…0XYZ": "Laptop"}
    return "".join(request.id for request in selected(REQUESTS, RequestWords(**words), names))


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ({}, "54321"),
        ({"model": "gpt-5"}, "2"),
        ({"model": "gpt-5*"}, "32"),
        ({"model": "gpt-5|claude-opus*"}, "21"),
        ({"provider": "OpenAI"}, "32"),
        ({"provider": "codex"}, "32"),
        ({"key": "laptop"}, "4"),
        ({"key": "sk-…0XYZ"}, "4"),
        ({"key": "(none)"}, "5321"),
        ({"status": "success"}, "41"),
        ({"status": "failed"}, "532"),
        ({"status": "4xx"}, "2"),
        ({"status": "503"}, "3"),
        ({"status": " 5XX "}, "3"),
        ({"text": "odd"}, "4"),
        ({"text": "MINI"}, "3"),
        ({"text": "%"}, ""),
        ({"status": "failed", "provider": "openai", "text": "mini"}, "3"),
    ],
)
def test_filters_mean_what_they_say(words: dict[str, str], ids: str) -> None:
    """All that is asked for must hold; names, wildcards and aliases are those of `--where`."""
    assert _ids(**words) == ids


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        ("time", "54321"),
        ("time:asc", "12345"),
        ("cost", "51432"),
        ("cost:asc", "43215"),
        ("duration:asc", "45321"),
        ("status", "32541"),
        ("model:asc", "15423"),
        ("input:asc", "25431"),
    ],
)
def test_any_column_sorts_both_ways(order: str, ids: str) -> None:
    """Equal ones stay newest first; what is not known is the least."""
    assert _ids(order=order) == ids


def test_every_order_is_there() -> None:
    """Each of the orders that are told can be asked for, in both directions."""
    for name in ORDERS:
        assert sorted(_ids(order=name)) == sorted(_ids(order=f"{name}:asc")) == list("12345")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"status": "soon"}, "success, failed"),
        ({"status": "6xx"}, "6xx"),
        ({"order": "beauty"}, "time, status"),
        ({"order": "time:down"}, "`:asc` or `:desc`"),
    ],
)
def test_words_that_mean_nothing_are_told(words: dict[str, str], told: str) -> None:
    """A misspelt filter is no filter that lets all pass."""
    with pytest.raises(WrongUsage) as refused:
        selected([], RequestWords(**words))
    assert told in str(refused.value)


@given(
    st.builds(RequestWords, model=st.text(max_size=9), status=st.text(max_size=4), key=st.text())
)
def test_any_words_are_a_filter_or_wrong_usage(words: RequestWords) -> None:
    """No text makes it crash."""
    try:
        selected(REQUESTS, words)
    except WrongUsage as error:
        assert str(error)  # noqa: PT017 - a refusal is one of the two right answers
