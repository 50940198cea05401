"""Keys that recognise the same thing in another file."""

from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.natural_key import (
    DAY_MS,
    attempt_key,
    day_total_key,
    key_day,
    request_key,
    row_key,
)

anything = st.text()


@given(st.integers(0, 2**53), anything, anything)
def test_keys_are_32_bits_of_any_text(moment_ms: int, one: str, other: str) -> None:
    """Whatever a file says, its key fits where keys are kept."""
    for key in (
        attempt_key(moment_ms, one),
        request_key(one),
        row_key(one, moment_ms),
        day_total_key(one, other, one),
    ):
        assert 0 <= key < 2**32


def test_a_models_case_is_nothing() -> None:
    """Collectors write model names in either case."""
    assert attempt_key(5, "GPT-5") == attempt_key(5, "gpt-5")
    assert day_total_key("2026-01-01", "openai", "O3") == day_total_key(
        "2026-01-01", "openai", "o3"
    )


def test_time_model_and_id_tell_apart() -> None:
    """Each part of a key matters."""
    attempts = {attempt_key(moment, model) for moment in (5, 6) for model in ("o3", "gpt-5")}
    rows = {row_key(name, moment) for moment in (5, 6) for name in ("r-1", "r-2")}
    assert len(attempts) == len(rows) == 4


def test_the_end_of_a_request_id_is_its_key() -> None:
    """The log shows eight digits of an id that the queue has in full."""
    assert request_key("0197f3a2-0000-7000-8000-00001f00a1b2") == request_key("1f00a1b2")
    assert request_key("a1b2c3d4") == 0xA1B2C3D4


def test_days_are_those_of_utc() -> None:
    """Every reader of a file, in whatever zone, looks under the same day."""
    assert [key_day(moment) for moment in (0, DAY_MS - 1, DAY_MS)] == [0, 0, 1]
