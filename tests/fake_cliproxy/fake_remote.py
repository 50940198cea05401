"""The fake proxy in another process, so that what a test measures is not slowed by it."""

from pathlib import Path
from typing import Any, Self

import msgspec

from fake_truth import Expected
from programs import start

PROGRAM = Path(__file__).with_name("fake_program.py")


class RemoteFake:
    """A running fake. `call` names a method or attribute of `FakeProxy`."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.log_path = directory / "main.log"
        self._process = start(PROGRAM, str(directory), msgspec.json.encode(options).decode())
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def call(self, name: str, **arguments: Any) -> Any:
        """Do it there, and bring back the result: ids of requests, numbers, texts."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(
            msgspec.json.encode({"call": name, "with": arguments}).decode() + "\n"
        )
        self._process.stdin.flush()
        return msgspec.json.decode(self._process.stdout.readline())["result"]

    def expected(self, **sources: bool) -> Expected:
        """`Truth.expected` of there."""
        return msgspec.convert(self.call("expected", **sources), Expected)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=20)
