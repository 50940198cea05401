"""Memory of what was worked out: within its bound, and never what another question asked for."""

from hypothesis import given
from hypothesis import strategies as st

from proxypal.store import remembered
from proxypal.store.remembered import Remembered


def test_asked_once_more_nothing_is_worked_out() -> None:
    """The second time costs nothing, and says the same."""
    memory, made = Remembered(), []

    def make() -> list[int]:
        made.append(1)
        return [1, 2, 3]

    assert memory.get("question", make) == memory.get("question", make) == [1, 2, 3]
    assert len(made) == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), max_size=60))
def test_it_answers_right_and_stays_small(asked: list[tuple[int, int]]) -> None:
    """Whatever is asked in whatever order: the right list, and no more kept than the bound."""
    memory, sizes = Remembered(), dict[int, int]()
    before, remembered.AT_MOST = remembered.AT_MOST, 40
    try:
        for key, size in asked:
            size = sizes.setdefault(key, size)  # noqa: PLW2901 - a key is always of one list
            expected = [key] * size
            assert memory.get(key, expected.copy) == expected
            assert sum(len(found) + 1 for found in memory._kept.values()) <= 40
    finally:
        remembered.AT_MOST = before


def test_what_was_asked_last_stays_longest() -> None:
    """A question that is asked again and again is not pushed out by others asked once."""
    memory, made = Remembered(), []

    def make() -> list[int]:
        made.append(1)
        return [0] * 1_000

    for number in range(200):
        memory.get(("other", number), lambda: [0] * 1_000)
        memory.get("often", make)
    assert len(made) == 1


def test_what_is_too_large_is_not_kept() -> None:
    """One huge answer does not push out everything else."""
    memory = Remembered()
    memory.get("small", lambda: [1])
    memory.get("huge", lambda: [0] * remembered.AT_MOST)
    assert memory.get("small", list[int]) == [1]
    assert memory.get("huge", lambda: [7]) == [7]
