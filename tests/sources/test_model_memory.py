import pytest

from proxypal.sources.log_entries import ModelLine, ModelLineKind
from proxypal.sources.model_memory import ModelMemory, named_model

NOON_MS = 1_787_400_000_000
STAMP = "2026-08-22 12:00:00"


def says(
    model: str,
    provider: str | None = None,
    kind: ModelLineKind = "use",
    request_id: str | None = "a1b2c3d4",
) -> ModelLine:
    return ModelLine(STAMP, request_id, model, provider, kind)


def names(memory: ModelMemory) -> tuple[str, str | None, str | None] | None:
    learned = memory.take("a1b2c3d4", NOON_MS, 1000)
    return None if learned is None else (learned.model, learned.requested, learned.provider)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([says("gpt-5.1")], ("gpt-5.1", None, None)),
        ([says("gpt-5.1", "codex")], ("gpt-5.1", None, "openai")),
        ([says("gpt-5.1", "mixed")], ("gpt-5.1", None, None)),
        (
            [says("claude-sonnet-4-5(high)", "claude")],
            ("claude-sonnet-4-5", "claude-sonnet-4-5(high)", "claude"),
        ),
        ([says("first", "codex"), says("second")], ("second", None, None)),
        (
            [says("fast", "claude", "affinity"), says("fast")],
            ("fast", None, "claude"),
        ),
        (
            [says("fast"), says("gpt-5.6", "codex", "failure")],
            ("fast", None, None),
        ),
        (
            [says("fast(high)"), says("gpt-5.6", "codex", "failure")],
            ("fast", "fast(high)", None),
        ),
        (
            [says("gpt-5.6"), says("gpt-5.6", "codex", "failure")],
            ("gpt-5.6", None, None),
        ),
        ([says("gpt-5.6", "codex", "failure")], ("gpt-5.6", None, "openai")),
        (
            [says("fast"), says("gpt-5.6", "codex", "failure"), says("fast", "kimi")],
            ("fast", None, "moonshot"),
        ),
        ([says("gpt-5.6", request_id=None)], None),
        ([says("gpt-5.6", request_id="b7e0129f")], None),
    ],
)
def test_the_last_word_before_the_answer_counts(
    lines: list[ModelLine], expected: tuple[str, str | None, str | None] | None
) -> None:
    """D27: of several attempts the last names the model, under one name for success and failure."""
    memory = ModelMemory()
    for line in lines:
        memory.learn(line, NOON_MS)
    assert names(memory) == expected


@pytest.mark.parametrize(
    ("learned_ms", "duration_ms", "belongs"),
    [
        (NOON_MS, 0, True),
        (NOON_MS - 100_000, 0, True),
        (NOON_MS - 100_000, 100_000, True),
        (NOON_MS - 3_600_000, 0, False),
        (NOON_MS - 3_600_000, 3_600_000, True),
        (NOON_MS + 1000, 0, True),
        (NOON_MS + 3_600_000, 0, False),
    ],
)
def test_an_id_used_again_means_another_request(
    learned_ms: int, duration_ms: int, belongs: bool
) -> None:
    """Request ids repeat: a line belongs to the request only if it falls into its time."""
    memory = ModelMemory()
    memory.learn(says("gpt-5.1"), learned_ms)
    assert (memory.take("a1b2c3d4", NOON_MS, duration_ms) is not None) is belongs


def test_an_answered_request_is_forgotten() -> None:
    """The model of one request is never given to the next with the same id."""
    memory = ModelMemory()
    memory.learn(says("gpt-5.1"), NOON_MS)
    assert names(memory) is not None
    assert names(memory) is None
    assert memory.take(None, NOON_MS, 0) is None


def test_a_million_unanswered_requests_are_not_remembered() -> None:
    """The memory is bounded, and what it lets go are the oldest."""
    memory = ModelMemory()
    for number in range(50_000):
        memory.learn(says("gpt-5.1", request_id=f"{number:08x}"), NOON_MS)
    assert len(memory._by_id) <= 8192
    assert memory.take(f"{49_999:08x}", NOON_MS, 0) is not None
    assert memory.take(f"{48_000:08x}", NOON_MS, 0) is not None
    assert memory.take(f"{1:08x}", NOON_MS, 0) is None


@pytest.mark.parametrize(
    ("text", "model", "requested"),
    [
        ("gpt-5.1", "gpt-5.1", None),
        ("gpt-5.1(high)", "gpt-5.1", "gpt-5.1(high)"),
        ("a(b)(8192)", "a(b)", "a(b)(8192)"),
        ("(high)", "(high)", None),
        ("high)", "high)", None),
        (")", ")", None),
        ("()", "()", None),
    ],
)
def test_a_thinking_suffix_is_no_part_of_the_model(
    text: str, model: str, requested: str | None
) -> None:
    """Effort levels of one model are one model; the name asked for stays beside it."""
    assert named_model(text) == (model, requested)


def test_a_long_name_is_cut() -> None:
    """A model name of any length becomes a label that can be kept."""
    model, requested = named_model("x" * 1_000_000 + "(high)")
    assert len(model) == 256
    assert requested is None
