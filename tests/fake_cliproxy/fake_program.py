"""The fake proxy as a process of its own: told what to do by JSON lines on standard input.

    {"call": "random_traffic", "with": {"seed": 1, "n": 50}}

Each line is answered with one: `{"result": ...}`. `fake_remote` speaks to it.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec

from fake_proxy import FakeProxy
from fake_traffic import Sent, Try
from fake_usage import Usage


def _understood(arguments: dict[str, Any]) -> dict[str, Any]:
    types = {"attempts": list[Try], "tokens": Usage}
    return {
        name: msgspec.convert(value, types[name]) if name in types and value is not None else value
        for name, value in arguments.items()
    }


def _shown(value: object) -> object:
    if isinstance(value, Sent):
        return value.request_id
    if isinstance(value, list):
        return [_shown(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _answer(fake: FakeProxy, call: str, arguments: dict[str, Any]) -> object:
    if call == "expected":
        return fake.truth.expected(**arguments)
    if call == "fates":
        return {number: fate.name for number, fate in fake.queue.fates.items()}
    if call == "seen":
        return dict(fake.seen)
    if call == "planted":
        return sorted(fake.planted)
    asked = getattr(fake, call)
    return _shown(asked(**_understood(arguments)) if callable(asked) else asked)


def main() -> None:
    """Run until standard input ends. The arguments: the log's directory, options as JSON."""
    directory, options = Path(sys.argv[1]), msgspec.json.decode(sys.argv[2])
    with FakeProxy(directory, **options) as fake:
        print(fake.port, flush=True)  # noqa: T201 - that is how the parent learns of it
        for line in sys.stdin:
            asked = msgspec.json.decode(line)
            result = _answer(fake, asked["call"], asked.get("with", {}))
            print(msgspec.json.encode({"result": result}).decode(), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
