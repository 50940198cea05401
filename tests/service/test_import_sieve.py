"""What of a file is new: its rows against keys the store counted, with little memory."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.imported import Spans
from proxypal.records.natural_key import DAY_MS, KeyKind, key_day
from proxypal.records.request import RequestLog
from proxypal.service.import_sieve import PreviewRecognition, Sieve


class Known:
    """A store that has these keys, each with its moment."""

    def __init__(self, *keys: tuple[int, int]) -> None:
        """Remember the keys by day, and how often each day is asked for."""
        self._keys: dict[int, Counter[int]] = {}
        self.asked: Counter[int] = Counter()
        for moment_ms, key in keys:
            self._keys.setdefault(key_day(moment_ms), Counter())[key] += 1

    def sequence(self) -> int:
        """Any number."""
        return 1

    def known_keys(self, kind: KeyKind, day: int) -> Counter[int]:
        """Only attempts are known."""
        self.asked[day] += 1
        return Counter(self._keys.get(day, {})) if kind == "attempt" else Counter()

    def log_spans(self) -> Spans:
        """One."""
        return ((1, 5),)

    def day_totals(self) -> Mapping[int, str]:
        """One."""
        return {3: "store"}

    def is_free(self, day: str) -> bool:
        """All but one."""
        return day != "2026-01-01"

    def has_rows(self, requests: Sequence[RequestLog]) -> Sequence[bool]:
        """None of them."""
        return [False] * len(requests)


@pytest.fixture
def sieve() -> Sieve:
    """Against a store that has key 7 twice, on the first day."""
    return Sieve(Known((0, 7), (1, 7)))


def test_the_nth_row_of_a_key_is_known_if_n_were_counted(sieve: Sieve) -> None:
    """Two of three equal rows are known; the third is new."""
    assert [sieve.sort("attempt", 5, 7, None) for _ in range(3)] == ["known", "known", "new"]
    assert [*sieve.taken["attempt", 0]] == [7]
    assert [*sieve.basis().known["attempt", 0]] == [7, 7]


def test_a_key_is_known_on_its_own_day_and_kind_only(sieve: Sieve) -> None:
    """Four bytes are alike by chance; the day and the kind keep that from mattering."""
    assert sieve.sort("attempt", DAY_MS, 7, None) == "new"
    assert sieve.sort("row", 0, 7, None) == "new"


def test_a_repeated_content_is_neither_known_nor_new(sieve: Sieve) -> None:
    """The same record told again uses up nothing of what is known."""
    told = [sieve.sort("attempt", 5, 7, content) for content in (-1, -1, 2, 3)]
    assert told == ["known", "repeated", "known", "new"]


@given(
    stored=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=40),
    told=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5), st.integers(-9, 9)), max_size=60),
    hot=st.integers(1, 30),
)
def test_packing_days_changes_no_verdict(
    stored: list[tuple[int, int]], told: list[tuple[int, int, int]], hot: int
) -> None:
    """However little may be held ready, every row is sorted as if all was."""
    keys = [(day * DAY_MS, key) for day, key in stored]
    sieves = [Sieve(Known(*keys), hot_keys=size) for size in (hot, 10**6)]
    for day, key, content in told:
        verdicts = [one.sort("attempt", day * DAY_MS, key, content) for one in sieves]
        assert verdicts[0] == verdicts[1]


def test_a_day_is_asked_for_once(sieve: Sieve) -> None:
    """Days that were packed come back from memory, not from the store."""
    known = Known(*((day * DAY_MS, key) for day in range(5) for key in range(10)))
    sieve = Sieve(known, hot_keys=15)
    for _ in range(3):
        for day in range(5):
            sieve.sort("attempt", day * DAY_MS, 99, None)
    assert set(known.asked.values()) == {1}


def test_a_preview_knows_what_was_previewed() -> None:
    """The next file of a dry run is told from the store and from the files before it."""
    preview = PreviewRecognition(Known((0, 7)))
    first = Sieve(preview)
    first.sort("attempt", 0, 7, None)
    first.sort("attempt", 0, 8, None)
    first.sort("day", 4 * DAY_MS, 1, None)
    preview.add(first.taken, {"2026-01-02"}, "first.json")
    preview.add_log((4, 9))
    assert preview.known_keys("attempt", 0) == Counter({7: 1, 8: 1})
    assert preview.day_totals() == {3: "store", 4: "first.json"}
    assert preview.log_spans() == ((1, 9),)
    assert [preview.is_free(f"2026-01-0{day}") for day in (1, 2, 3)] == [False, False, True]
