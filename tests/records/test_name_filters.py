"""Conditions on providers, models, keys, accounts, sources and outcomes."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.counters import FAILURE_CLASSES
from proxypal.records.name_filters import Condition, parse_condition
from proxypal.records.tolerant_json import Refused

LABEL = "sk-…0XYZ#3f9a1c"
NAMES = {LABEL: "Work laptop", "…99#0a0b0c": "Phone", "d…@example.com#1b2c3d": "work"}


def _admits(text: str, name: str) -> bool:
    return parse_condition(text, NAMES).admits(name)


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("model=claude-opus-4", "claude-opus-4", True),
        ("model=claude-opus-4", "claude-opus-4-1", False),
        ("model=claude-*", "claude-opus-4", True),
        ("model=claude-*", "my-claude-opus", False),
        ("model=*opus*", "claude-opus-4", True),
        ("model=c*o*4", "claude-opus-4", True),
        ("model=c*4*4", "claude-opus-4", False),
        ("model=a*a", "a", False),
        ("model=*ab*ab*", "abc", False),
        ("model=*", "", True),
        ("model=CLAUDE-*", "claude-opus-4", True),
        ("model=claude-*", "Claude-Opus-4", True),
        ("model=claude-sonnet-4-5[1m]", "claude-sonnet-4-5[1m]", True),
        ("model=a.c", "abc", False),
        ("model!=claude-*", "gpt-5", True),
        ("model!=claude-*", "claude-opus-4", False),
        ("model=claude-*|gpt-5", "gpt-5", True),
        ("model!=claude-*|gpt-5", "gpt-5", False),
        ("  model = gpt-5 ", "gpt-5", True),
        ("model=a=b", "a=b", True),
        ("provider=anthropic", "claude", True),
        ("provider=Codex", "openai", True),
        ("provider=google|qwen", "gemini", True),
        ("provider!=openai", "claude", True),
        ("provider=an*", "claude", False),
        ("source=", "", True),
        ("source=", "log", False),
        ("source!=", "log", True),
        (f"key={LABEL}", LABEL, True),
        (f"key={LABEL}", LABEL.lower(), False),
        ("key=*#3f9a1c", LABEL, True),
        ("key=work laptop", LABEL, True),
        ("key=Work*", LABEL, True),
        ("key!=work laptop", LABEL, False),
        ("key=phone", LABEL, False),
        ("account=work", "d…@example.com#1b2c3d", True),
        ("account=", "", True),
    ],
)
def test_a_condition_admits_what_it_says(text: str, name: str, expected: bool) -> None:
    """`*` is any text, `|` stands between alternatives, nothing is what nobody told.

    Keys and accounts go by their label or by the user's own name; providers by any of theirs.
    """
    assert _admits(text, name) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("outcome=success", {"success"}),
        ("outcome=failed", set(FAILURE_CLASSES)),
        ("outcome!=failed", {"success"}),
        ("outcome=rate_limited|client-gone", {"rate_limited", "client_gone"}),
        ("outcome!=Client_Gone", {"success", *FAILURE_CLASSES} - {"client_gone"}),
        ("outcome=success|failed", {"success", *FAILURE_CLASSES}),
    ],
)
def test_outcomes_are_success_and_the_classes_of_failure(text: str, expected: set[str]) -> None:
    """A failure is asked for as a whole or by its class."""
    assert parse_condition(text, {}).outcomes == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no condition"),
        ("model", "no condition"),
        ("colour=red", "'colour' in 'colour=red' is none of provider, model"),
        ("=x", "none of provider"),
        ("outcome=429", "'429' is no outcome: success, failed, client_gone"),
        ("outcome=", "no outcome"),
        ("outcome=fail*", "no outcome"),
        ("model>x", "no condition"),
        ("model= =x", "no condition"),
    ],
)
def test_what_is_no_condition_is_refused(text: str, reason: str) -> None:
    """The reason says what was given and what would do."""
    with pytest.raises(Refused, match=reason):
        parse_condition(text, {})


@given(
    st.text(max_size=30)
    | st.builds(
        "{}{}{}".format,
        st.sampled_from(["model", "key", "provider", "outcome", "MODEL", ""]),
        st.sampled_from(["=", "!=", "==", "!", ""]),
        st.text("ab*|= \ud800é…", max_size=12),
    ),
    st.text("ab*|é…", max_size=12),
)
def test_any_text_is_a_condition_or_a_refusal(text: str, name: str) -> None:
    """No text breaks it, and a condition written out again is the same."""
    try:
        condition = parse_condition(text, NAMES)
    except Refused as error:
        assert str(error).encode()  # noqa: PT017 - a refusal is one of the two right answers
        return
    again = parse_condition(condition.text, NAMES)
    assert again == condition
    opposite = Condition(
        condition.field, not condition.negated, condition.patterns, condition.labels
    )
    assert condition.admits(name) is not opposite.admits(name)


@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_wildcards_are_those_everybody_knows(pattern: str, name: str) -> None:
    """The stars mean what they mean in a shell."""
    from fnmatch import fnmatchcase  # noqa: PLC0415 - the model this is compared with

    assert _admits(f"model={pattern}", name) is fnmatchcase(name, pattern)


def test_a_hostile_pattern_takes_no_time() -> None:
    """A hundred stars against a long name is answered at once, not in years."""
    condition = parse_condition("model=" + "a*" * 100 + "b", {})
    started = time.perf_counter()
    assert not condition.admits("a" * 256)
    assert time.perf_counter() - started < 1
