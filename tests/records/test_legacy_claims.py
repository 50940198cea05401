from decimal import Decimal
from typing import Any

import pytest

from proxypal.records.legacy_claims import (
    MOST,
    ClaimReader,
    Claims,
    Notes,
    active_days,
    cost_units,
    is_day,
    unknown_keys,
)


def reader() -> ClaimReader:
    return ClaimReader(Notes("file"))


def point(label: Any, value: Any) -> dict[str, Any]:
    return {"label": label, "value": value}


def test_the_larger_claim_wins() -> None:
    """Two files describe the same requests: the larger of each number, never the sum."""
    claims = Claims(total={"requests": 5}, day={"2025-12-19": {"requests": 2}})
    claims.raise_to(
        Claims(
            total={"requests": 3, "tokens": 9},
            day={"2025-12-19": {"requests": 4}, "2025-12-20": {"requests": 1}},
        )
    )
    assert claims.total == {"requests": 5, "tokens": 9}
    assert claims.day == {"2025-12-19": {"requests": 4}, "2025-12-20": {"requests": 1}}


def test_one_label_twice_in_a_series_adds_up() -> None:
    """A day that stands twice counted different requests each time."""
    claims = reader()
    claims.series({"s": [point("2025-12-19", 2), point("2025-12-19", 3)]}, "s", "requests")
    assert claims.claims.day == {"2025-12-19": {"requests": 5}}


def test_a_label_that_is_no_date_keeps_its_number() -> None:
    """What a broken label counted is kept without a day, and said."""
    claims = reader()
    claims.series({"s": [point("19.12.2025", 2), point(None, 3), point("", 0)]}, "s", "requests")
    assert claims.claims.day == {"": {"requests": 5}}
    assert claims.notes.sentences() == [
        "file: s: 2 labels are no dates; what they counted is kept without a day"
    ]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("2025-12-19", True), ("2024-02-29", True), ("2025-02-29", False), ("1969-12-31", False),
        ("2100-01-01", False), ("9999-99-99", False),
    ],
)  # fmt: skip
def test_days_are_real_days_of_our_time(label: str, expected: bool) -> None:
    """The 29th of February 2025 is no day, and nobody ran a proxy in 1969."""
    assert is_day(label) is expected


def test_absurd_claims_are_left_out_with_a_note() -> None:
    """A number, or a series, beyond any real use cannot make the totals unwritable."""
    claims = reader()
    claims.totals({"a": MOST + 1, "b": MOST}, {"a": "requests", "b": "tokens_in"})
    claims.series({"s": [point("2025-12-19", MOST), point("2025-12-20", 1)]}, "s", "requests")
    assert claims.claims.total == {"tokens_in": MOST}
    assert claims.claims.day == {"2025-12-19": {"requests": MOST}}
    assert len(claims.notes.sentences()) == 2


def test_money_is_claimed_to_the_last_place() -> None:
    """Dollars become whole units of 10^-30; a float's digits beyond are rounded up, not lost."""
    claims = reader()
    claims.totals({"a": Decimal("1.5e-31"), "b": Decimal("0.32901")}, {"a": "cost"})
    assert claims.claims.total == {"cost": 1}
    assert cost_units(Decimal("0.32901")) == 32901 * 10**25


def test_only_days_with_something_are_active() -> None:
    """The old app wrote days of 0; they do not move the beginning or the end."""
    claims = Claims(
        day={"2025-12-19": {"tokens": 0}, "2025-12-20": {"tokens": 1}, "": {"tokens": 1}}
    )
    assert active_days(claims) == ["2025-12-20"]


def test_unknown_keys_that_cannot_be_kept_are_said() -> None:
    """Keys too large for our files stay in the original only, and a sentence says so."""
    notes = Notes("file")
    tree = {"known": 1, "a": 2}
    assert unknown_keys(tree, frozenset({"known"}), notes) == {"a": 2}
    assert unknown_keys({"big": "x" * 20_000}, frozenset(), notes) == {}
    assert "left in the original file only" in notes.sentences()[0]
