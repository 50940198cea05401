"""An upstream attempt: the five kinds of tokens, and when it ended."""

from hypothesis import given
from hypothesis import strategies as st

from builders import an_attempt
from proxypal.records.attempt import NO_TOKENS, Tokens

counts = st.integers(0, 2**40)


@given(counts, counts, counts, counts, counts)
def test_input_and_output_hold_every_kind_once(
    uncached: int, read: int, write: int, visible: int, reasoning: int
) -> None:
    """Totals mean the same for every provider: input with cache, output with thought."""
    tokens = Tokens(
        uncached_input=uncached,
        cache_read=read,
        cache_write=write,
        cache_write_1h=write // 2,
        visible_output=visible,
        reasoning=reasoning,
    )
    assert tokens.input + tokens.output == uncached + read + write + visible + reasoning
    assert tokens.output == visible + reasoning
    assert bool(tokens) == any((uncached, read, write, visible, reasoning))


def test_no_tokens_are_nothing() -> None:
    """There is nothing to count or to pay for."""
    assert not NO_TOKENS


def test_an_attempt_ends_after_its_latency() -> None:
    """So that its time is the one the log writes down."""
    assert an_attempt(1, 5_000, latency_ms=1_500).ended_ms == 6_500
