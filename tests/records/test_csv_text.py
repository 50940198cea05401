"""Rows as CSV, safe to open in a spreadsheet."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.csv_text import csv_text, neutral, original

_CELLS = st.text(st.characters(codec="utf-8"), max_size=12)


@given(st.lists(st.lists(_CELLS, min_size=2, max_size=3), max_size=4))
def test_any_cells_are_read_back_as_they_were(rows: list[list[str]]) -> None:
    """Quotes, commas, line ends of every kind: a reader of RFC 4180 finds the same cells."""
    shown = io.StringIO(csv_text(rows), newline="")
    assert list(csv.reader(shown)) == rows


@given(_CELLS)
def test_no_cell_is_a_formula_and_none_is_changed_for_good(text: str) -> None:
    """What a spreadsheet would run gets an apostrophe, which can be taken off again."""
    cell = neutral(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert original(cell) == text
