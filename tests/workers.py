"""Several processes that use one data directory at the same instant."""

import json
from collections.abc import Sequence

from programs import CRASH, start


class Workers:
    """Running copies of `worker.py`, started once and told again and again."""

    def __init__(self, count: int) -> None:
        self._programs = [start(CRASH / "worker.py") for _ in range(count)]
        for at in range(count):
            assert self._answer(at) == "ready\n"

    def start(self, lines: Sequence[str]) -> None:
        """Tell each its line, as nearly at once as a machine can."""
        for program, line in zip(self._programs, lines, strict=True):
            assert program.stdin is not None
            program.stdin.write(line + "\n")
        for program in self._programs:
            assert program.stdin is not None
            program.stdin.flush()

    def warnings(self) -> list[list[str]]:
        """What each was warned of, once all are done."""
        return [json.loads(self._answer(at)) for at in range(len(self._programs))]

    def _answer(self, at: int) -> str:
        out = self._programs[at].stdout
        assert out is not None
        answer = out.readline()
        assert answer, f"worker {at} ended; its last words are above"
        return answer

    def close(self) -> None:
        """End them all."""
        for program in self._programs:
            program.communicate(timeout=30)
