"""The store beside its model, with log and queue telling of the same requests meanwhile."""

from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from proxypal.store.values import QueueBatch, SourceBatch
from store_model import any_one
from talk_model import Hearing, Talk, a_talk, endings, plans, with_line
from test_model import StoreBesideModel, examples

requests = st.tuples(plans, st.integers(0, 3_000), endings)
picks = st.lists(st.tuples(any_one, st.integers(0, 12)), min_size=1, max_size=8)


class StoreThatIsTold(StoreBesideModel):
    """Whatever is done to a store, what is told of a request finds it."""

    def __init__(self) -> None:
        """Nobody has said anything."""
        super().__init__()
        self.talks: list[Talk] = []
        self.begun = 0

    @initialize(asked=st.lists(requests, min_size=3, max_size=6))
    def begin_to_ask(self, asked: list[tuple[list[int], int, str]]) -> None:
        """Some requests there are to tell of from the beginning."""
        for one in asked:
            self.ask(one)

    @rule(asked=requests)
    def ask(self, asked: tuple[list[int], int, str]) -> None:
        """A client asks something; nobody has told of it yet."""
        self.begun += 1
        self.talks.append(a_talk(self.begun, *asked))

    @rule(batches=st.lists(picks, min_size=1, max_size=3))
    def queue_tells(self, batches: list[list[tuple[int, int]]]) -> None:
        """The next attempts of some requests, and some that were told before."""
        for batch in batches:
            self.queue_hands_out(batch if self.talks else [])

    @rule(batch=picks, what=st.sampled_from(["reset", "clear", "other process"]))
    def queue_tells_after(self, batch: list[tuple[int, int]], what: str) -> None:
        """The same, right after what concerns requests that were told in part."""
        if self.talks:
            self.queue_hands_out(batch)
            if what != "other process":
                getattr(self, what)()
            self.queue_hands_out(batch)

    def queue_hands_out(self, batch: list[tuple[int, int]]) -> None:
        """One batch: which request, and which attempt of it to repeat if it was told."""
        hearing = Hearing(self.model)
        attempts = []
        for which, again in batch:
            talk = self.talks[which % len(self.talks)]
            if again < talk.told:
                attempts.append(talk.attempts[again])
                hearing.counts["repeated"] += 1
            elif talk.told < len(talk.attempts):
                attempts.append(talk.attempts[talk.told])
                hearing.hear(talk, attempts[-1])
        hearing.end()
        outcome = self.store.record_attempts(QueueBatch(source="queue", attempts=attempts))
        assert {name: getattr(outcome, name) for name in hearing.counts} == hearing.counts
        assert len(outcome.requests) == outcome.recorded

    @precondition(lambda self: self.talks)
    @rule(picks=st.lists(any_one, min_size=1, max_size=5))
    def log_tells(self, picks: list[int]) -> None:
        """The lines of some requests, which may have been told of by the queue."""
        chosen = {which % len(self.talks) for which in picks}
        talks = [self.talks[place] for place in sorted(chosen)]
        talks = [talk for talk in talks if not talk.has_line]
        stored = self.store.positions()
        outcome = self.store.record_batch(
            SourceBatch(
                source="proxy.log",
                start=next((row for row in stored.rows if row.source == "proxy.log"), None),
                generation=stored.generation,
                state=b"{}",
                requests=[talk.line for talk in talks],
            )
        )
        known = [talk for talk in talks if talk.arrival is not None]
        assert (outcome.joined, outcome.recorded) == (len(known), len(talks) - len(known))
        assert not outcome.seen
        for talk in sorted(talks, key=lambda talk: talk.arrival is None):
            talk.has_line = True
            if talk.arrival is None:
                talk.arrival = self.model.add(talk.line)
            else:
                self.model.revise(talk.arrival, with_line(talk.line))

    def forget_the_window(self) -> None:
        """Rows that the files show can still be joined, and a repetition is known."""
        super().forget_the_window()
        newest = len(self.model.epochs) - 1
        self.talks = [
            talk
            for talk in self.talks
            if talk.arrival is None
            or (talk.arrival in self.model.rows and self.model.counted[talk.arrival][0] == newest)
        ]


def test_the_store_that_is_told_is_its_model() -> None:
    """Whatever is done in between, log and queue together come to each request once."""
    run_state_machine_as_test(StoreThatIsTold, settings=examples(40, 40))
