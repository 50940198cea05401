"""The fake proxy's RESP: the few commands it knows, and what it says to all the others.

CLIProxyAPI internal/api/redis_queue_protocol.go. Inline commands never get here.
"""

import contextlib
import re
import threading

from fake_logins import BANNED
from fake_queue import Item, Subscription
from fake_server import Connection, Port


class ProtocolError(Exception):
    """What came is no RESP2 array of strings."""


def read_array(connection: Connection) -> list[str] | None:
    """One command; None at the end of the connection."""
    reader = connection.reader
    prefix = reader.read(1)
    if not prefix:
        return None
    if prefix != b"*":
        raise ProtocolError
    return [_read_string(connection) for _ in range(_length(reader.readline(), least=0))]


def _read_string(connection: Connection) -> str:
    prefix, line = connection.reader.read(1), connection.reader.readline()
    if prefix in (b"+", b":"):
        return line.rstrip(b"\r\n").decode(errors="replace")
    if prefix != b"$":
        raise ProtocolError
    length = _length(line, least=-1)
    if length < 0:
        return ""
    data = connection.reader.read(length + 2)
    if data[length:] != b"\r\n":
        raise ProtocolError
    return data[:length].decode(errors="replace")


def _length(line: bytes, *, least: int) -> int:
    if not re.fullmatch(rb"[+-]?\d+\r?\n", line) or int(line) < least:
        raise ProtocolError
    return int(line)


def bulk(text: bytes | None) -> bytes:
    """A bulk string, or nil."""
    return b"$-1\r\n" if text is None else b"$%d\r\n%s\r\n" % (len(text), text)


def error(text: str) -> bytes:
    """An error reply."""
    return f"-{text}\r\n".encode()


class RespSession:
    """One RESP connection, from the first command to the last."""

    def __init__(self, port: Port, connection: Connection) -> None:
        self._port, self._connection = port, connection
        self._authorized = False

    def run(self) -> None:
        """Answer until the client leaves or is thrown out."""
        if not self._port.version.has_resp:
            self._connection.send(error("ERR RESP AUTH disabled; use mTLS"))
            return
        if self._port.home_mode:
            self._connection.send(error("ERR redis usage output disabled in home mode"))
            return
        try:
            while self._port.management:
                words = read_array(self._connection)
                if words is None or not self._answer(words):
                    return
        except ProtocolError:
            self._connection.send(error("ERR protocol error"))

    def _answer(self, words: list[str]) -> bool:
        """Answer one command; False ends the connection."""
        self._port.running.wait()
        if not words:
            self._connection.send(error("ERR empty command"))
            return True
        command = words[0].strip().upper()
        self._port.seen[command] += 1
        if command == "AUTH":
            self._connection.send(self._login(words))
        elif not self._authorized:
            _, reason = self._port.logins.check(self._connection.address, "")
            banned = reason.startswith(BANNED)
            self._connection.send(
                error(f"ERR {reason}" if banned else "NOAUTH Authentication required.")
            )
        elif command in {"LPOP", "RPOP"}:
            self._pop(command.lower(), words)
        elif command == "SUBSCRIBE" and self._port.version.has_subscribe:
            return self._subscribe(words)
        else:
            self._connection.send(error(f"ERR unknown command '{command.lower()}'"))
        return True

    def _login(self, words: list[str]) -> bytes:
        is_complete = len(words) in {2, 3}
        status, reason = self._port.logins.check(
            self._connection.address, words[-1] if is_complete else ""
        )
        if not is_complete and not reason.startswith(BANNED):
            return error("ERR wrong number of arguments for 'auth' command")
        if status:
            return error(f"ERR {reason}")
        self._authorized = True
        return b"+OK\r\n"

    def _pop(self, command: str, words: list[str]) -> None:
        if len(words) not in {2, 3}:
            self._connection.send(error(f"ERR wrong number of arguments for '{command}' command"))
            return
        count = 1 if len(words) == 2 else _whole(words[2])
        name = words[1].strip()
        if count <= 0:
            self._connection.send(error("ERR value is not an integer or out of range"))
        elif self._port.version.checks_names and name.lower() != "usage":
            self._connection.send(error(f"ERR unsupported channel '{name}'"))
        else:
            items = self._port.queue.pop(count)
            payloads = [bulk(item.payload) for item in items]
            if len(words) == 3:
                data = b"*%d\r\n%s" % (len(items), b"".join(payloads))
            else:
                data = payloads[0] if payloads else bulk(None)
            self._port.deliver(self._connection, items, data)

    def _subscribe(self, words: list[str]) -> bool:
        if len(words) != 2:
            self._connection.send(error("ERR wrong number of arguments for 'subscribe' command"))
            return True
        channel = words[1].strip()
        channels = {"usage", "errors"} if self._port.version.checks_names else {"usage"}
        if channel.lower() not in channels:
            self._connection.send(error(f"ERR unsupported channel '{channel}'"))
            return True
        if channel.lower() == "errors":
            self._connection.send(_push("subscribe", channel) + b":1\r\n")
            self._listen(channel)
            return False
        subscription = self._port.queue.subscribe(greeting=self._port.version.greets)
        # Before its thread begins: the acknowledgement is the first thing a subscriber reads.
        try:
            self._connection.send(_push("subscribe", channel) + b":1\r\n")
            threading.Thread(target=self._stream, args=(channel, subscription), daemon=True).start()
            self._listen(channel)
        finally:
            self._port.queue.unsubscribe(subscription)
        return False

    def _stream(self, channel: str, subscription: Subscription) -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                subscription.wait()
                self._port.running.wait()
                item = subscription.take()
                if item is None:
                    break
                self._send_message(channel, item)
        self._connection.break_off()

    def _send_message(self, channel: str, item: Item) -> None:
        message = _push("message", channel) + bulk(item.payload)
        self._port.deliver(self._connection, [item] if item.number >= 0 else [], message)

    def _listen(self, channel: str) -> None:
        """Commands of a subscriber, until it leaves."""
        while (words := read_array(self._connection)) is not None:
            self._port.running.wait()
            command = words[0].strip().upper() if words else ""
            self._port.seen[command] += 1
            if command == "PING":
                payload = words[1].encode() if len(words) > 1 else None
                self._connection.send(b"*2\r\n" + bulk(b"pong") + bulk(payload))
            elif command == "UNSUBSCRIBE":
                self._connection.send(_push("unsubscribe", channel) + b":0\r\n")
                return
            elif command == "QUIT":
                self._connection.send(b"+OK\r\n")
                return
            else:
                text = f"unknown command '{command.lower()}'" if words else "empty command"
                self._connection.send(error(f"ERR {text}"))


def _push(kind: str, channel: str) -> bytes:
    return b"*3\r\n" + bulk(kind.encode()) + bulk(channel.encode())


def _whole(text: str) -> int:
    text = text.strip()
    return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else 0
