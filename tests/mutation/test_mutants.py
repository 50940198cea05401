"""A mutant is named by what it changes, so that an explanation outlives the next edit."""

import pytest

from mutants import change_between, is_idle


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("return a + b", "return a - b", "return a [-+-]{+-+} b"),
        ("return first_ms", "return first_s", "return [-first_ms-]{+first_s+}"),
        ("f(one, two)", "f(two)", "f([-one, two-]{+two+})"),
        ("f(one, two)", "f(one)", "f([-one, two-]{+one+})"),
        ("if x < 1", "if x <= 1", "if x <[--]{+=+} 1"),
    ],
)
def test_a_change_is_told_in_whole_words(before: str, after: str, change: str) -> None:
    """Whoever reads of a survivor sees the words that differ and what stands around them."""
    assert change_between(before, after) == change


def test_of_a_long_function_only_the_place_is_told() -> None:
    """What stands far from the change does not belong to its name."""
    told = change_between(f"{'a ' * 500}x = 1{' b' * 500}", f"{'a ' * 500}x = 2{' b' * 500}")
    assert "x = [-1-]{+2+}" in told
    assert len(told) < 100


@pytest.mark.parametrize(
    ("before", "after", "idle"),
    [
        ('f("abc")', 'f("ABC")', True),
        ("zip(a, b, strict=True)", "zip(a, b, strict=False)", True),
        ("zip(a, b, strict=True)", "zip(a, b)", True),
        ("zip(a, b, strict=True)", "zip(a, strict=True)", False),
        ('f("abc")', 'f("XXabcXX")', False),
    ],
)
def test_changes_that_say_nothing_are_not_tried(before: str, after: str, *, idle: bool) -> None:
    """Time goes to changes that could count something wrong."""
    assert is_idle(before, after) is idle
