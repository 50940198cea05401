"""SIGKILLs by the thousand, over everything a store is used for, each judged by the law.

A part is made of rounds; the part's number says which. A round is one store that is used until
the kill (recording, reading logs and queues, importing, clearing, resetting, undoing, dropping
months), a watcher of a growing log that is killed and started again, or several processes at once.
"""

import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from nursery import Command, Outcome
from nursing import Nursery
from test_random_moments import (
    live_and_be_killed,
    record_and_be_killed,
    two_record_and_are_killed,
)
from test_two_sources import everyone_tells
from test_watching_cut_off import watch_and_be_killed

AT_ONCE = 3
"""How many nurseries a part needs: one for each process of the largest round."""


class CountingNursery(Nursery):
    """Counts the children that SIGKILL ended: one that was faster does not count."""

    def __init__(self) -> None:
        super().__init__()
        self.kills = 0

    def run(self, command: Command) -> Outcome:
        """See `Nursery.run`."""
        outcome = super().run(command)
        self.kills += outcome.status == -9
        return outcome


Nurseries = Sequence[CountingNursery]
Round = Callable[[random.Random, Nurseries, Path], None]


def _life(chance: random.Random, nurseries: Nurseries, work: Path) -> None:
    live_and_be_killed(chance, nurseries[0], work / "data")


def _recording(chance: random.Random, nurseries: Nurseries, work: Path) -> None:
    batch = chance.choice((1, 1, 2, 40, 700))
    record_and_be_killed(chance, nurseries[0], work / "data", batch)


def _two_recording(chance: random.Random, nurseries: Nurseries, work: Path) -> None:
    two_record_and_are_killed(chance, (nurseries[0], nurseries[1]), work / "data")


def _watching(chance: random.Random, nurseries: Nurseries, work: Path) -> None:
    watch_and_be_killed(chance, nurseries[0], work, times=6)


def _log_and_queues(chance: random.Random, nurseries: Nurseries, work: Path) -> None:
    seed, subscribers = chance.randrange(2**32), chance.choice((1, 2))
    everyone_tells(
        seed, list(nurseries), work / "data", subscribers=subscribers, kills=chance.choice((2, 5))
    )


ROUNDS: Mapping[Round, int] = {
    _life: 12,
    _recording: 3,
    _two_recording: 2,
    _watching: 2,
    _log_and_queues: 2,
}
"""With how often each comes."""


def kill(part: int, kills: int, nurseries: Nurseries, work: Path) -> int:
    """Rounds of this part until so many processes were killed; how many there were.

    Raises:
        AssertionError: something was lost, doubled or half done; it says in which round, whose
            files are still in `work`.
    """
    before = sum(nursery.kills for nursery in nurseries)
    done = number = 0
    while done < kills:
        number += 1
        chance = random.Random(part * 1_000_000 + number)
        (play,) = chance.choices(list(ROUNDS), list(ROUNDS.values()))
        folder = work / f"round-{number}"
        folder.mkdir()
        try:
            play(chance, nurseries, folder)
        except AssertionError as error:
            error.add_note(f"round {number} of part {part}, after {done} kills, in {folder}")
            raise
        shutil.rmtree(folder)
        done = sum(nursery.kills for nursery in nurseries) - before
    return done
