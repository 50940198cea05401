import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.detection import (
    PROVIDER_ALIASES,
    canonical_provider,
    detect_provider,
    model_of_path,
    provider_of_model,
    provider_of_path,
)
from proxypal.records.request import MAX_LABEL_CHARS


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("claude", "claude"),
        ("Anthropic", "claude"),
        ("codex", "openai"),
        ("openai-compat", "openai"),
        ("openai-compatible", "openai"),
        ("google", "gemini"),
        ("vertex", "gemini"),
        ("aistudio", "gemini"),
        ("gemini-cli", "gemini"),
        ("gemini-interactions", "gemini"),
        ("kimi", "moonshot"),
        ("moonshot", "moonshot"),
        ("grok", "xai"),
        ("llama", "meta"),
        ("glm", "zhipu"),
        ("github-copilot", "copilot"),
        ("kiro", "kiro"),
        ("iflow", "iflow"),
        ("antigravity", "antigravity"),
        ("openai-compatible-Fake", "fake"),
        ("openai-compatible-openrouter", "openrouter"),
        ("openrouter", "openrouter"),
        ("openai-compatible-kimi", "moonshot"),
        ("openai-compatible-", "openai-compatible-"),
        (" Claude ", "claude"),
        ("", "unknown"),
        ("  ", "unknown"),
    ],
)
def test_one_provider_has_one_key(name: str, provider: str) -> None:
    """D38: whatever a source calls a provider, it is counted under one key."""
    assert canonical_provider(name) == provider


def test_no_alias_belongs_to_two_providers() -> None:
    """The table of aliases is unambiguous, and every key stands for itself."""
    names = [name for key, aliases in PROVIDER_ALIASES.items() for name in (key, *aliases)]
    assert len(names) == len(set(names))
    assert all(canonical_provider(key) == key for key in PROVIDER_ALIASES)


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("claude-sonnet-4-5", "claude"),
        ("Claude-Opus-4-5-Thinking", "claude"),
        ("anthropic/sonnet", "claude"),
        ("gpt-5.1-codex", "openai"),
        ("o1", "openai"),
        ("o3-pro", "openai"),
        ("o4-mini", "openai"),
        ("openai/o4-mini(high)", "openai"),
        ("text-embedding-3-large", "openai"),
        ("gemini-2.5-pro", "gemini"),
        ("qwen3-coder-plus", "qwen"),
        ("deepseek-r1-distill-qwen-32b", "deepseek"),
        ("glm-4.6", "zhipu"),
        ("kimi-k2-thinking", "moonshot"),
        ("MiniMax-M2", "minimax"),
        ("grok-code-fast-1", "xai"),
        ("meta-llama/Llama-4-Scout", "meta"),
        ("ollama/qwen3", "qwen"),
        ("mistral-large", "mistral"),
        ("mixtral-8x22b", "mistral"),
        ("codestral-latest", "mistral"),
        ("kiro-claude-sonnet-4-5", "kiro"),
        ("github-copilot/gpt-5", "copilot"),
        ("antigravity-claude-opus", "antigravity"),
        ("fake-model", "unknown"),
        ("o", "unknown"),
        ("octo3", "unknown"),
        ("unknown", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_model_name_tells_its_provider(model: str, provider: str) -> None:
    """D38: o4-mini, kimi, minimax, grok, llama, mistral, kiro and copilot are known by name."""
    assert provider_of_model(model) == provider


@pytest.mark.parametrize(
    ("path", "provider"),
    [
        ("/v1/messages?beta=true", "claude"),
        ("/v1/chat/completions", "openai"),
        ("/v1/responses", "openai"),
        ("/v1/images/generations", "openai"),
        ("/backend-api/codex/responses", "openai"),
        ("/v1beta/models/some:generateContent", "gemini"),
        ("/v1beta/interactions", "gemini"),
        ("/v1internal:streamGenerateContent", "gemini"),
        ("/api/provider/anthropic/v1/messages", "claude"),
        ("/api/provider/openai/v1/responses", "openai"),
        ("/api/provider/google/v1beta1/publishers/google/models/g:generateContent", "gemini"),
        ("/api/provider/groq/v1/chat/completions", "groq"),
        ("/api/provider//v1/messages", "claude"),
        ("/?x=/v1/messages", "unknown"),
        ("/healthz", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_path_tells_its_provider(path: str, provider: str) -> None:
    """A request whose model nobody named is still counted under the API it used."""
    assert provider_of_path(path) == provider


def test_the_model_speaks_before_the_path() -> None:
    """A Gemini model called through the OpenAI API is Gemini's; an unnamed one is OpenAI's."""
    assert detect_provider("gemini-2.5-pro", "/v1/chat/completions") == "gemini"
    assert detect_provider("unknown", "/v1/chat/completions") == "openai"
    assert detect_provider("unknown", "/") == "unknown"


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/v1beta/models/gemini-2.5-pro:generateContent", "gemini-2.5-pro"),
        ("/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", "gemini-2.5-pro"),
        ("/v1beta/models/gemini-2.5-pro?key=x", "gemini-2.5-pro"),
        ("/v1beta/models/team/gemini-2.5-pro:generateContent", "team/gemini-2.5-pro"),
        ("/v1/models/gpt-5/permissions", "gpt-5"),
        (
            "/api/provider/google/v1beta1/publishers/google/models/gemini-3-pro:generateContent",
            "gemini-3-pro",
        ),
        ("/v1beta/models/:generateContent", None),
        ("/v1beta/models", None),
        ("/v1beta/models/", None),
        ("/v1/messages?x=/models/a:b", None),
    ],
)
def test_a_gemini_path_names_its_model(path: str, model: str | None) -> None:
    """The model in a path is read without its method and without the query."""
    assert model_of_path(path) == model


@given(st.text(max_size=400))
def test_any_text_gets_an_answer(text: str) -> None:
    """Names and paths are untrusted: every text is answered, with a label that can be kept."""
    for label in (
        canonical_provider(text),
        provider_of_model(text),
        provider_of_path(text),
        provider_of_path(f"/api/provider/{text}/v1/messages"),
        detect_provider(text, text),
        model_of_path(f"/v1beta/models/{text}:generateContent") or "none",
    ):
        assert 0 < len(label) <= MAX_LABEL_CHARS


def test_a_megabyte_of_name_is_cut() -> None:
    """A name as long as a URL can be costs no more than a label's length."""
    for text in ("x" * 1_000_000, "/v1beta/models/" + "x" * 1_000_000, "o1/" * 300_000):
        assert len(canonical_provider(text)) <= MAX_LABEL_CHARS
        assert len(provider_of_model(text)) <= MAX_LABEL_CHARS
        assert len(provider_of_path(f"/api/provider/{text}/x")) <= MAX_LABEL_CHARS
        assert len(model_of_path(text) or "") <= MAX_LABEL_CHARS
