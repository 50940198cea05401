"""The typed values a line of CLIProxyAPI's main.log is read into.

Must not enter: how a line is read (`sources.log_line`) and what follows from it
(`sources.log_requests`).
"""

from typing import Literal

import msgspec


class AccessLine(msgspec.Struct, frozen=True, gc=False):
    """A finished request. The client's address is dropped, the query's secrets as well.

    `timestamp` is the local `YYYY-MM-DD HH:MM:SS` of its end. `tail` is what follows the path;
    `model` and `provider` are what a fork wrote there.
    """

    timestamp: str
    request_id: str | None
    status: int
    latency_ms: int
    method: str
    path: str
    tail: str = ""
    model: str | None = None
    provider: str | None = None


class UnclosedLine(msgspec.Struct, frozen=True, gc=False):
    """An access line whose path is not closed: a line break was part of the path."""

    timestamp: str


ModelLineKind = Literal["use", "affinity", "failure", "unavailable"]


class ModelLine(msgspec.Struct, frozen=True, gc=False):
    """Tells a request's model. A `failure` names the upstream's model, the others the client's."""

    timestamp: str
    request_id: str | None
    model: str
    provider: str | None
    kind: ModelLineKind


class BannerLine(msgspec.Struct, frozen=True, gc=False):
    """The proxy has started."""

    timestamp: str
    version: str


class OtherLine(msgspec.Struct, frozen=True, gc=False):
    """An entry that says nothing about requests."""

    timestamp: str


class ContinuationLine(msgspec.Struct, frozen=True, gc=False):
    """Belongs to the entry before it: error bodies, second errors, stacks."""


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """An access line that cannot be read."""

    timestamp: str
    reason: str


Line = AccessLine | UnclosedLine | ModelLine | BannerLine | OtherLine | ContinuationLine | Rejected
