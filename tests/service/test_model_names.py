"""Under which names a price list may know a model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.service.model_names import spellings


@pytest.mark.parametrize(
    ("recorded", "meant"),
    [
        ("gpt-5(high)", "gpt-5"),
        ("gemini-2.5-pro(8192)", "gemini-2.5-pro"),
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("team/gpt-5", "gpt-5"),
        ("openrouter/qwen/qwen3-coder", "qwen/qwen3-coder"),
        ("gemini-claude-sonnet-4-5-thinking", "claude-sonnet-4-5"),
        ("kiro-claude-sonnet-4-5-agentic", "claude-sonnet-4-5"),
        ("Claude-Opus-4-5", "claude-opus-4-5"),
    ],
)
def test_what_proxies_put_around_a_name_is_taken_off(recorded: str, meant: str) -> None:
    """The model's own name is among those looked for."""
    assert meant in spellings(recorded)


def test_the_recorded_name_is_looked_for_first() -> None:
    """A list that knows the name as it is, is believed."""
    assert spellings("deepseek/deepseek-r1:free")[0] == "deepseek/deepseek-r1:free"
    assert spellings("gpt-5") == ["gpt-5"]


@given(st.text(max_size=300))
def test_any_name_gets_an_answer(name: str) -> None:
    """Names come from logs: none of them breaks this or is looked for twice."""
    found = spellings(name)
    assert len(found) == len(set(found)) <= 7
    assert all(found)
