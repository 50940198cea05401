"""The test's side of `nursery.py`: children are started, killed as told, and their reports read."""

import msgspec

from nursery import Command, Outcome
from programs import CRASH, start


class Nursery:
    """One running `nursery.py`."""

    def __init__(self) -> None:
        self._program = start(CRASH / "nursery.py")

    def run(self, command: Command) -> Outcome:
        """One child from its start to its end."""
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(msgspec.json.encode(command).decode() + "\n")
        self._program.stdin.flush()
        answer = self._program.stdout.readline()
        assert answer, "the nursery itself died; its last words are above"
        return msgspec.json.decode(answer, type=Outcome)

    def close(self) -> None:
        """End the program."""
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.close()
        self._program.wait(timeout=10)
        self._program.stdout.close()
