import threading

import pytest

from builders import SetClock
from proxypal.service import answer_memory
from proxypal.service.answer_memory import KEYS_AT_MOST, AnswerMemory
from watch_runs import until

MINUTE_MS = 60_000


class Changing:
    """A store's number, and a count of what was computed."""

    def __init__(self) -> None:
        self.sequence = 1
        self.made = 0
        self.clock = SetClock(0)
        self.memory = AnswerMemory(lambda: self.sequence, self.clock)

    def make(self) -> int:
        """Count, and answer with the count."""
        self.made += 1
        return self.made

    def ask(self, key: str = "overview") -> int:
        """The answer to a key."""
        return self.memory.once(key, self.make)


def test_the_same_question_is_answered_once() -> None:
    """As long as nothing was recorded, twenty tabs cost one computation."""
    asked = Changing()
    assert {asked.ask() for _ in range(20)} == {1}


def test_a_change_makes_it_new() -> None:
    """After a request was recorded, the next one who asks sees it."""
    asked = Changing()
    asked.ask()
    asked.sequence += 1
    assert asked.ask() == 2


def test_a_new_minute_makes_it_new() -> None:
    """What is said of "the last 24 hours" moves on although no request comes."""
    asked = Changing()
    asked.ask()
    asked.clock.now_ms += MINUTE_MS
    assert asked.ask() == 2


def test_questions_are_kept_apart() -> None:
    """Another key has another answer, and both are remembered."""
    asked = Changing()
    assert [asked.ask("a"), asked.ask("b"), asked.ask("a"), asked.ask("b")] == [1, 2, 1, 2]


def test_an_error_is_not_remembered() -> None:
    """What failed once is tried again at the next question."""
    asked = Changing()

    def fail() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asked.memory.once("overview", fail)
    assert asked.ask() == 1


def test_memory_is_bounded() -> None:
    """A flood of different questions forgets the oldest ones; one in use stays."""
    asked = Changing()
    asked.ask("kept")
    for number in range(KEYS_AT_MOST * 2):
        asked.ask(str(number))
        asked.ask("kept")
    made = asked.made
    assert asked.ask("kept") == 1
    assert asked.ask("0") == made + 1


def test_those_who_wait_share_one_answer() -> None:
    """Under a flood of changes those who ask while one computes share the next answer."""
    asked = Changing()
    looks = 0
    first_is_in, go_on = threading.Event(), threading.Event()

    def number() -> int:
        nonlocal looks
        looks += 1
        return asked.sequence

    def slow() -> int:
        first_is_in.set()
        assert go_on.wait(20)
        return asked.make()

    def flooded() -> int:
        asked.sequence += 1  # the store changes while this is computed
        return asked.make()

    memory = AnswerMemory(number, asked.clock)
    answers: list[int] = []
    first = threading.Thread(target=lambda: answers.append(memory.once("x", slow)))
    first.start()
    assert first_is_in.wait(20)
    asked.sequence += 1
    before = looks
    others = [
        threading.Thread(target=lambda: answers.append(memory.once("x", flooded)))
        for _ in range(10)
    ]
    for thread in others:
        thread.start()
    until(lambda: looks == before + 10)  # all of them have asked
    go_on.set()
    for thread in [first, *others]:
        thread.join(20)
    assert sorted(answers) == [1] + [2] * 10


def test_large_answers_are_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that are asked for once each cannot fill the memory; the one in use stays."""
    monkeypatch.setattr(answer_memory, "BYTES_AT_MOST", 1000)
    asked = Changing()

    def page() -> tuple[str, bytes]:
        asked.make()
        return ("x" * 200, b"y" * 100)

    for key in ("a", "b", "c", "a"):
        asked.memory.once(key, page)
    assert asked.made == 3
    asked.memory.once("d", page)  # b has waited longest and goes
    asked.memory.once("a", page)
    assert asked.made == 4
    asked.memory.once("b", page)
    assert asked.made == 5
