"""Requests and logs to measure with: the seed's shape, five models, one request a second."""

from collections.abc import Iterator

from proxypal import RequestLog

START_MS = 1_766_394_932_000
MODELS = ("claude-sonnet-4-5", "claude-opus-4-5", "gpt-5.1-codex", "gemini-2.5-pro", "qwen3-coder")


def request(number: int, step_ms: int = 1000) -> RequestLog:
    """The `number`-th request of the traffic."""
    moment = START_MS + number * step_ms
    return RequestLog(
        id=f"req_{moment}_{number}",
        timestamp=moment,
        provider="claude",
        model=MODELS[number % len(MODELS)],
        path="/v1/messages",
        status=200 if number % 50 else 500,
        duration_ms=1234,
        tokens_in=500,
        tokens_out=300,
    )


def requests(count: int, first: int = 0, step_ms: int = 1000) -> list[RequestLog]:
    """`count` requests, from the `first`-th on."""
    return [request(first + number, step_ms) for number in range(count)]


def log_lines(count: int) -> Iterator[str]:
    """Lines of a CLIProxyAPI debug log: one model line and one access line per request."""
    import time  # noqa: PLC0415 - only for the wall clock text of each second

    for number in range(count // 2):
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(START_MS // 1000 + number // 20))
        identity = f"{(number * 2654435761) & 0xFFFFFFFF:08x}"
        model = MODELS[number % len(MODELS)]
        yield (
            f"[{moment}] [{identity}] [debug] [conductor_execution.go:1508] "
            f"Use OAuth provider=claude auth_file=claude-a.json for model {model}\n"
        )
        yield (
            f"[{moment}] [{identity}] [info ] [gin_logger.go:97] 200 | {number % 900:>11}ms | "
            f'      127.0.0.1 | POST    "/v1/messages?beta=true"\n'
        )
