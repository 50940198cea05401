"""What a log has said about the models of requests still under way, by request id.

Must not enter: how lines are read, and what becomes of a request.
"""

from functools import lru_cache

import msgspec

from proxypal.records.detection import canonical_provider
from proxypal.records.request import MAX_LABEL_CHARS, shorten
from proxypal.sources.log_entries import ModelLine, ModelLineKind

SLACK_MS = 120_000
"""How far outside a request's own span a line may stand and still speak of it.

Ids are 32 bits and repeat within weeks, so an id alone means nothing; a line belongs to the
request whose span it falls into.
"""

_REMEMBERED = 8192
"""Ids kept, newest first: more than any proxy has under way. Failed logins leave none."""

_NOT_PROVIDERS = frozenset({"", "mixed", "unknown"})


class LearnedModel(msgspec.Struct, frozen=True, gc=False):
    """`requested` is what the client asked for where it differs from `model`."""

    model: str
    requested: str | None
    provider: str | None
    moment_ms: int
    kind: ModelLineKind


class ModelMemory:
    """Request id to model, for requests that have not been answered yet."""

    def __init__(self) -> None:
        self._by_id: dict[str, LearnedModel] = {}

    def learn(self, line: ModelLine, moment_ms: int) -> None:
        """Remember what a line says; the last line before the answer counts.

        There is one per attempt, and the last attempt is the one that answered.
        """
        request_id = line.request_id
        if request_id is None:
            return
        model, requested = named_model(line.model)
        provider = None if line.provider in _NOT_PROVIDERS else line.provider
        if provider is not None:
            provider = canonical_provider(provider)
        # Taken out first, so that the dict stays in the order of the last word on each id.
        before = self._by_id.pop(request_id, None)
        if before is not None:
            if line.kind == "failure":
                # It names the upstream's model and provider, which no line of a success does:
                # believed, it would split one model into its successes and its failures.
                model, requested, provider = before.model, before.requested, before.provider
            elif before.kind == "affinity" and provider is None and before.model == model:
                provider = before.provider
        if len(self._by_id) >= _REMEMBERED:
            for oldest in list(self._by_id)[: _REMEMBERED // 2]:
                del self._by_id[oldest]
        self._by_id[request_id] = LearnedModel(model, requested, provider, moment_ms, line.kind)

    def take(
        self, request_id: str | None, finished_ms: int, duration_ms: int
    ) -> LearnedModel | None:
        """What was said of the request that finished now; its id is free for another one."""
        if request_id is None:
            return None
        learned = self._by_id.pop(request_id, None)
        if learned is None:
            return None
        age_ms = finished_ms - learned.moment_ms
        return learned if -SLACK_MS <= age_ms <= duration_ms + SLACK_MS else None


def named_model(text: str) -> tuple[str, str | None]:
    """The model of a name as asked for, and that name if it says more.

    `claude-sonnet-4-5(high)` is the model `claude-sonnet-4-5` with a thinking suffix: the usage
    queue reports the same pair as `model` and `alias`.
    """
    return _named_model(text if len(text) <= MAX_LABEL_CHARS else shorten(text))


@lru_cache(maxsize=2048)
def _named_model(text: str) -> tuple[str, str | None]:
    if text.endswith(")"):
        model = text[: text.rindex("(")].rstrip() if "(" in text else ""
        if model:
            return model, text
    return text, None
