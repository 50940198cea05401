"""Numbers, money, times and untrusted names as short text."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.cli import rendering_text as text


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10.0K"),
        (999_949, "999.9K"),
        (999_950, "1.0M"),
        (1_234_567, "1.2M"),
        (85_000_000, "85.0M"),
        (999_950_000, "1.0B"),
        (2**53 - 1, "9.0Q"),
    ],
)
def test_tokens_are_short(count: int, shown: str) -> None:
    """Token counts read as 1.2M, exact while they are short, never as 1000.0K."""
    assert text.short_count(count) == shown


@given(st.integers(0, 2**53 - 1))
def test_short_counts_are_within_half_of_their_last_digit(count: int) -> None:
    """A shortened count is never further off than its own last digit."""
    shown = text.short_count(count).replace(",", "")
    scale = {"K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12, "Q": 10**15}.get(shown[-1])
    if scale is None:
        assert int(shown) == count
    else:
        assert abs(Decimal(shown[:-1]) * scale - count) <= Decimal(scale) / 20


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0"),
        ("0.0000", "$0"),
        ("0.000000123456", "$0.00000012"),
        ("0.0049", "$0.0049"),
        ("0.1", "$0.10"),
        ("0.999", "$1.00"),
        ("128.45", "$128.45"),
        ("1234567.891", "$1,234,567.89"),
        ("1E+5", "$100,000.00"),
    ],
)
def test_money_has_enough_digits(amount: str, shown: str) -> None:
    """Small amounts keep two digits that say something; only nothing reads $0."""
    assert text.money(Decimal(amount)) == shown


@given(st.decimals(min_value=Decimal("1E-30"), max_value=Decimal(10**9), allow_nan=False))
def test_money_above_zero_never_reads_as_zero(amount: Decimal) -> None:
    """Whatever was spent is seen."""
    assert any(digit in "123456789" for digit in text.money(amount))


def test_what_could_not_be_priced_is_no_zero() -> None:
    """Without any price the cost is unknown, not $0, and what it leaves out is said."""
    assert text.spent(Decimal(2), 1) == "$2.00 and 1 request without a price"
    assert text.spent(Decimal(0), 2) == "no cost known (2 requests without a price)"
    assert text.spent(Decimal(0), 0) == "$0"


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 0, "-"),
        (0, 5, "0.0 %"),
        (5, 5, "100.0 %"),
        (2, 3, "66.7 %"),
        (99_999, 100_000, "99.9 %"),
        (1, 100_000, "0.1 %"),
    ],
)
def test_a_single_failure_is_never_rounded_away(part: int, whole: int, shown: str) -> None:
    """D37: 100 % means that nothing failed, 0 % that nothing succeeded, a dash that nothing was."""
    assert text.percent(part, whole) == shown


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1.00 s"),
        (12_453, "12.5 s"),
        (59_999, "60.0 s"),
        (161_000, "2 m 41 s"),
        (3_723_000, "1 h 02 m"),
    ],
)
def test_durations_read_at_a_glance(milliseconds: int, shown: str) -> None:
    """A duration is shown in the unit one would say it in."""
    assert text.duration(milliseconds) == shown


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("a\rb\nc", r"a\rb\nc"),
        ("\x9b2J", r"\x9b2J"),
        ("safe\u202egnp.exe", r"safe\u202egnp.exe"),
        ("half\ud800", r"half\ud800"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("modèle-ünï/日本", "modèle-ünï/日本"),
    ],
)
def test_names_cannot_drive_the_terminal(hostile: str, shown: str) -> None:
    """A model's name cannot move the cursor, colour, hide or reorder what is shown."""
    assert text.harmless(hostile) == shown


@given(st.text())
def test_harmless_text_is_printable(anything: str) -> None:
    """Whatever was recorded comes out as one printable line."""
    assert text.harmless(anything).isprintable()
    assert text.harmless_lines(anything).count("\n") == anything.count("\n")


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.booleans())
def test_bars_show_what_is_there(value: int, most: int, blocks: bool) -> None:
    """A bar is empty only for nothing, and the largest fills the width."""
    drawn = text.bar(min(value, most), most, 20, blocks=blocks)
    assert (drawn == "") == (value == 0)
    assert len(drawn) <= 20
    assert len(text.bar(most, most, 20, blocks=blocks)) == 20


def test_wall_time_is_in_the_zone() -> None:
    """Times are shown on the clock of the zone, not in UTC."""
    assert text.wall_time(1_766_394_932_000, lambda _: 5400) == "2025-12-22 10:45:32"
    assert text.wall_date(1_766_394_932_000, lambda _: 14 * 3600) == "2025-12-22"


@given(st.floats(0, 1))
def test_a_rate_is_never_rounded_to_all_or_nothing(share: float) -> None:
    """Like `percent`: within a twentieth of a percent, but 0 and 100 % only where it is so."""
    shown = float(text.rate(share).removesuffix(" %"))
    assert shown == pytest.approx(share * 100, abs=0.1)
    assert (shown == 0) == (share == 0)
    assert (shown == 100) == (share == 1)


@given(st.lists(st.floats(0, 1e9) | st.integers(0, 2**53), max_size=80), st.booleans())
def test_small_bars_stand_in_the_order_of_their_values(
    values: list[float],
    blocks: bool,
) -> None:
    """A character each; the larger is never drawn lower, and what is above zero is seen."""
    grades = "·▁▂▃▄▅▆▇█" if blocks else " _.-=+*%#"
    heights = [grades.index(char) for char in text.sparkline(values, blocks=blocks)]
    assert len(heights) == len(values)
    assert [height > 0 for height in heights] == [value > 0 for value in values]
    ranked = sorted(zip(values, heights, strict=True))
    assert [height for _, height in ranked] == sorted(heights)
    assert not any(values) or max(heights) == 8


def test_shades_are_relative_to_the_largest_anywhere() -> None:
    """Of several grids, the darkest is where the most is, and equal values are equally dark."""
    assert text.shades([0, 1, 25, 26, 50, 75, 100], 100) == "·░░▒▒▓█"
    assert text.shades([0, 1, 100], 400) == "·░░"
    assert text.shades([0, 1, 26, 75, 100], 100, blocks=False) == " .+*#"
