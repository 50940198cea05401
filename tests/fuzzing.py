"""Records that are almost right: valid NDJSON lines, damaged in every way we could think of."""

import random
from collections.abc import Iterator

_LINES = (
    (
        b'{"id":"a","timestamp":1766394932000,"provider":"claude","model":"claude-3-opus",'
        b'"method":"POST","path":"/v1/messages?key=abc","status":200,"durationMs":1234,'
        b'"tokensIn":500,"tokensOut":300,"costUsd":0.0123}'
    ),
    b'{"status":200}',
    (
        b'{"status":429,"apiKey":"sk-secretsecretsecret","account":"me@example.com","attempts":2,'
        b'"failed":true,"unknownKey":{"deep":[1,2.5,null,"x"]},"timestampClaimed":5}'
    ),
)
_TOKENS = (
    b"null", b"true", b"-1", b"1e400", b"1E-400", b"0.1", b"9007199254740992", b"5.0",
    b"1" * 5000, b'"\\ud800"', b'"\\u0000"', b"[]", b"{}", b'{"extras":{}}', b"NaN", b"Infinity",
    b'"' + b"x" * 5000 + b'"', b"[" * 2000, b'{"a":' * 2000, b"\xff\xfe", b"\0", b'"=cmd"', b"",
    b'"a@b@c?key=1&token=%6b"', b'"req_1"', b'"api-request"', b"1766394932000000",
)  # fmt: skip


def damaged_lines(count: int, seed: int) -> Iterator[bytes]:
    """`count` lines, the same ones for the same seed."""
    dice = random.Random(seed)
    for _ in range(count):
        line = dice.choice(_LINES)
        for _ in range(dice.randint(1, 3)):
            line = _damaged(line, dice)
        yield line


def damaged_text(text: bytes, dice: random.Random) -> bytes:
    """`text`, damaged in one to three places."""
    for _ in range(dice.randint(1, 3)):
        text = _damaged(text, dice)
    return text


def _damaged(line: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(line) + 1)
    upto = min(len(line), at + dice.choice((0, 1, 1, 4, 30)))
    match dice.randrange(5):
        case 0:
            return line[:at] + dice.randbytes(dice.randint(1, 4)) + line[upto:]
        case 1:
            return line[:at]
        case 2:
            return line[:at] + line[at:upto] * 3 + line[upto:]
        case _:
            # A whole value replaced is what gets past the parser.
            starts = [i + 1 for i in range(len(line)) if line[i : i + 1] == b":"]
            if not starts:
                return line[:at] + dice.choice(_TOKENS) + line[upto:]
            start = dice.choice(starts)
            ends = [i for i in range(start, len(line)) if line[i : i + 1] in {b",", b"}"}]
            end = ends[0] if ends else len(line)
            return line[:start] + dice.choice(_TOKENS) + line[end:]
