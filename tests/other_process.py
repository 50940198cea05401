"""A store that another process has open: what is called here happens there.

As a program it serves until its input ends. Each store lives in a child of its own, so that a
kill costs no start of Python.
"""

import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from programs import python_path

HERE = Path(__file__).parent
_END = b"gone"


class OtherProcess:
    """Started once; `open` and `close` (or `kill`) come in turns. Methods are those of `Store`."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self.clock = clock
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "other_process.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": python_path(HERE)},
        )

    def open(self, directory: Path) -> None:
        """Open the store of a directory there."""
        self._call("open", directory)

    def close(self) -> None:
        """Close it there."""
        self._call("close")

    def kill(self) -> None:
        """SIGKILL the process that has the store open."""
        self._call("kill")

    def end(self) -> None:
        """End the program."""
        self._process.communicate(timeout=30)

    @property
    def warnings(self) -> list[str]:
        """Of the store there."""
        found: list[str] = self._call("warnings")
        return found

    def __getattr__(self, name: str) -> Any:
        """A method of the store there."""
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *values, **named: self._call(name, *values, **named)

    def _call(self, name: str, *values: Any, **named: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump((self.clock(), name, values, named), self._process.stdin)
        self._process.stdin.flush()
        kind, answer = pickle.load(self._process.stdout)
        if kind == "error":
            error_type, message = answer
            error = error_type.__new__(error_type)
            error.args = (message,)
            raise error
        assert kind == "answer", answer
        return answer


def _serve(calls: IO[bytes], answers: IO[bytes]) -> None:
    while True:
        try:
            call = pickle.load(calls)
        except EOFError:
            return
        child = os.fork()
        if child == 0:
            try:
                _use_a_store(call, calls, answers)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        _answer(answers, "answer", None)  # to `close` or `kill`


def _use_a_store(call: Any, calls: IO[bytes], answers: IO[bytes]) -> None:
    from builders import SetClock  # noqa: PLC0415 - for the program only
    from proxypal.errors import ProxypalError  # noqa: PLC0415 - the same
    from proxypal.store import Store  # noqa: PLC0415 - the same

    now_ms, _, values, _ = call
    clock = SetClock(now_ms)
    store = Store(*values, clock=clock)
    _answer(answers, "answer", None)
    while True:
        clock.now_ms, name, values, named = pickle.load(calls)
        if name == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            found = getattr(store, name)
            answer = found(*values, **named) if callable(found) else found
        except ProxypalError as error:
            _answer(answers, "error", (type(error), str(error)))
        except BaseException:  # noqa: BLE001 - told to the test
            _answer(answers, "bug", traceback.format_exc())
        else:
            if name == "close":
                return
            _answer(answers, "answer", answer)


def _answer(answers: IO[bytes], kind: str, answer: object) -> None:
    pickle.dump((kind, answer), answers)
    answers.flush()


if __name__ == "__main__":
    # Imported before it forks: a child of a program that has everything starts at once.
    import builders  # noqa: F401 - see above
    import proxypal.store.forgetting
    import proxypal.store.usage_reading  # noqa: F401 - see above

    with open(0, "rb", buffering=0) as read, open(1, "wb") as written:
        _serve(read, written)
