"""Words to a query, and the names of what is shown."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOW_MS, ZONE, a_request
from proxypal.errors import WrongUsage
from proxypal.records.labels import zone_offset
from proxypal.records.usage_answer import answer
from proxypal.records.usage_query import Query, QueryWords
from proxypal.service.asking import names_of_axes, needs_names, query_of
from proxypal.service.settings_file import Settings
from usage_questions import facts_from

LAPTOP, DESK, PHONE = "sk-…0XYZ#3f9a1c", "sk-…7abc#aa00bb", "sk-…1111#000000"
SETTINGS = Settings(names={LAPTOP: "Anna", DESK: "Anna", PHONE: "Ben"})
OFFSET = zone_offset(ZONE)


def _query(**words: object) -> Query:
    return query_of(QueryWords(**words), SETTINGS, NOW_MS, OFFSET)  # type: ignore[arg-type]  # the words are the test's


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"range": "someday"}, "someday"),
        ({"by": ["colour"]}, "there are hour, day"),
        ({"where": ["colour=red"]}, "none of provider, model"),
        ({"metrics": ["joy"]}, "there are requests"),
        ({"top": "0"}, "from 1 to"),
        ({"order": "joy"}, "no metric to sort by"),
    ],
)
def test_a_question_that_means_nothing_says_why(words: dict[str, object], told: str) -> None:
    """Every rejection is wrong usage with the reason in a sentence."""
    with pytest.raises(WrongUsage, match=r"^Not a question about usage: .*\.$") as refused:
        _query(**words)
    assert told in str(refused.value)


@given(st.builds(QueryWords, range=st.text(max_size=9), where=st.lists(st.text(max_size=9))))
def test_any_words_are_a_question_or_wrong_usage(words: QueryWords) -> None:
    """No text makes it crash."""
    try:
        query_of(words, SETTINGS, NOW_MS, OFFSET)
    except WrongUsage as error:
        assert str(error)  # noqa: PT017 - a refusal is one of the two right answers


def test_a_key_is_asked_for_by_its_name() -> None:
    """`key=ben` means the label the settings call so, whatever its capitals."""
    query = _query(where=["key=ben"])
    assert query.admits(("claude", "m", PHONE, "", ""))
    assert not query.admits(("claude", "m", DESK, "", ""))


def _names(by: Sequence[str], *keys: str | None) -> Sequence[dict[str, str]]:
    requests = [a_request(api_key=key) for key in keys]
    query = _query(by=by)
    return names_of_axes(query, answer(query, facts_from(requests, ZoneInfo("UTC"))), SETTINGS)


def test_two_keys_of_one_name_are_told_apart() -> None:
    """A name stands alone where it is clear, with its label where it is not."""
    assert _names(["model", "key"], LAPTOP, PHONE, None) == [{}, {LAPTOP: "Anna", PHONE: "Ben"}]
    assert _names(["key"], LAPTOP, DESK, PHONE) == [
        {LAPTOP: f"Anna ({LAPTOP})", DESK: f"Anna ({DESK})", PHONE: "Ben"}
    ]


def test_only_keys_and_accounts_have_names() -> None:
    """A model that is called like a label is not renamed, and needs no settings."""
    requests = [a_request(model=LAPTOP)]
    query = _query(by=["model"])
    found = answer(query, facts_from(requests, ZoneInfo("UTC")))
    assert names_of_axes(query, found, SETTINGS) == [{}]
    assert not needs_names(query)
    assert needs_names(_query(by=["account"]))
    assert needs_names(_query(where=["key!=x"]))
