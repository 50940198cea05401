"""A usage queue with nothing behind it: hands out records it made before, over RESP and HTTP.

Run with a management key and a number of records; prints its port.
"""

import asyncio
import itertools
import sys
from datetime import UTC, datetime, timedelta

import msgspec

MODELS = (
    ("claude", "ClaudeExecutor", "claude-sonnet-4-5", "POST /v1/messages"),
    ("codex", "CodexExecutor", "gpt-5-codex", "POST /v1/responses"),
    ("gemini", "GeminiExecutor", "gemini-2.5-pro", "POST /v1beta/models/*action"),
    ("openai-compatible-openrouter", "OpenAICompatExecutor", "qwen3-coder", "POST /v1/responses"),
)


def record(number: int, now: datetime) -> bytes:
    """A record of v7.2.140, about 1 kB."""
    provider, executor, model, endpoint = MODELS[number % len(MODELS)]
    read, uncached, output, reasoning = number % 5000, 100 + number % 700, 50 + number % 400, 20
    read = read if provider == "claude" else min(read, uncached)
    total_input = uncached + read if provider == "claude" else uncached
    return msgspec.json.encode(
        {
            "timestamp": (now - timedelta(milliseconds=5_000 + number % 50_000)).isoformat(),
            "latency_ms": 500 + number % 4_000,
            "ttft_ms": 100 + number % 300,
            "source": f"person{number % 40}@example.com",
            "auth_index": f"{number % 40:016x}",
            "client_ip": "127.0.0.1",
            "x_forwarded_for": "",
            "user_agent": "claude-cli/2.1.220 (external, cli)",
            "tokens": {
                "input_tokens": uncached,
                "output_tokens": output,
                "reasoning_tokens": reasoning,
                "cached_tokens": read,
                "cache_read_tokens": read,
                "cache_read_tokens_present": True,
                "cache_creation_tokens": 0,
                "total_tokens": total_input + output,
            },
            "failed": False,
            "generate": True,
            "fail": {"status_code": 200, "body": ""},
            "response_headers": {"Content-Type": ["application/json"]},
            "accounting_version": 2,
            "token_breakdown": {
                "schema_version": 2,
                "quality": "complete",
                "total_tokens": total_input + output,
                "input": {
                    "total_tokens": total_input,
                    "uncached_tokens": total_input - read,
                    "cache_read_tokens": read,
                    "cache_write_tokens": 0,
                },
                "output": {
                    "total_tokens": output,
                    "non_reasoning_tokens": output - reasoning,
                    "reasoning_tokens": reasoning,
                },
                "unclassified_tokens": 0,
            },
            "provider": provider,
            "executor_type": executor,
            "model": model,
            "alias": model,
            "endpoint": endpoint,
            "auth_type": "oauth",
            "api_key": f"client-key-of-team-{number % 20:04d}",
            "request_id": f"{number * 2_654_435_761 % 2**32:08x}",
            "reasoning_effort": "high",
            "service_tier": "default",
        }
    )


def bulk(body: bytes) -> bytes:
    """A RESP bulk string."""
    return b"$%d\r\n%b\r\n" % (len(body), body)


class Queue:
    """Speaks just enough of both protocols for a reader that drains it."""

    def __init__(self, key: str, count: int) -> None:
        now = datetime.now(UTC)
        self._key = key.encode()
        self._records = iter([bulk(record(number, now)) for number in range(count)])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        while line := await reader.readline():
            if line.startswith(b"*"):
                words = []
                for _ in range(int(line[1:])):
                    size = int((await reader.readline())[1:])
                    words.append((await reader.readexactly(size + 2))[:-2])
                writer.write(self._answer(words))
            elif line == b"\r\n":
                body = b'{"usage-statistics-enabled":true}'
                head = b"HTTP/1.1 200 OK\r\nX-CPA-VERSION: 7.2.140\r\nConnection: close\r\n"
                writer.write(head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
                break
            await writer.drain()
        writer.close()

    def _answer(self, words: list[bytes]) -> bytes:
        command = words[0].upper()
        if command == b"AUTH":
            return b"+OK\r\n" if words[-1] == self._key else b"-ERR invalid management key\r\n"
        if command in {b"LPOP", b"RPOP"}:
            taken = list(itertools.islice(self._records, int(words[2])))
            return b"*%d\r\n" % len(taken) + b"".join(taken)
        if command in {b"SUBSCRIBE", b"UNSUBSCRIBE"}:
            return b"*3\r\n" + bulk(command.lower()) + bulk(words[1]) + b":1\r\n"
        return b"-ERR unknown command\r\n"


async def main() -> None:
    """Serve until killed."""
    queue = Queue(sys.argv[1], int(sys.argv[2]))
    server = await asyncio.start_server(queue.serve, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
