"""Which provider a name, a model or a path belongs to, and which model a path names.

Names and paths come from logs and clients and are untrusted: any text of any length gets an
answer. Must not enter: what a request costs, and which paths count (`records.endpoints`).
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from proxypal.records.request import UNKNOWN, shorten

PROVIDER_ALIASES: Mapping[str, tuple[str, ...]] = {
    "claude": ("anthropic", "claude-code"),
    "openai": (
        "codex",
        "chatgpt",
        "openai-compat",
        "openai-compatible",
        "openai-compatibility",
    ),
    "gemini": (
        "google",
        "vertex",
        "vertex-ai",
        "aistudio",
        "ai-studio",
        "gemini-cli",
        "gemini-interactions",
    ),
    "qwen": ("qwen-code", "dashscope", "alibaba"),
    "deepseek": (),
    "zhipu": ("glm", "zai", "z-ai", "z.ai", "bigmodel", "chatglm"),
    "moonshot": ("kimi", "moonshotai"),
    "minimax": ("minimaxi",),
    "xai": ("grok", "x-ai", "x.ai"),
    "meta": ("llama", "meta-llama"),
    "mistral": ("mistralai",),
    "kiro": ("amazonq", "amazon-q", "codewhisperer"),
    "copilot": ("github", "github-copilot"),
    "iflow": (),
    "antigravity": (),
}
"""Provider key as it is recorded -> other names of it. Names in neither column stay themselves.

`openai-compatible-NAME` (a provider the user named in the proxy's config) is NAME.
"""

_CANONICAL = {
    name: key for key, aliases in PROVIDER_ALIASES.items() for name in (key, *aliases)
} | {"": UNKNOWN}
_NAMED_BY_USER = ("openai-compatible-", "openai-compat-")

# First match wins. The account a model is reached through stands before its maker:
# `kiro-claude-sonnet-4-5` is paid to Kiro.
_MODEL_RULES = tuple(
    (provider, re.compile(pattern))
    for provider, pattern in (
        ("antigravity", r"antigravity"),
        ("kiro", r"\bkiro|amazonq"),
        ("copilot", r"copilot"),
        ("iflow", r"\biflow"),
        ("claude", r"claude|sonnet|haiku|\bopus|anthropic"),
        (
            "openai",
            (
                r"gpt|codex|(?:^|[/:])o[1-9](?![a-z0-9])|davinci|dall-e|whisper|\bsora"
                r"|text-embedding-[3a]|\bopenai/"
            ),
        ),
        ("gemini", r"gemini|gemma|imagen|\bveo-|learnlm|nano-banana|\bgoogle/"),
        ("qwen", r"^qwen|/qwen|qwq|qvq|coder-model|vision-model"),
        ("deepseek", r"deepseek"),
        ("qwen", r"qwen"),
        ("zhipu", r"glm|zhipu"),
        ("moonshot", r"kimi|moonshot"),
        ("minimax", r"minimax|\babab\d"),
        ("xai", r"grok"),
        ("mistral", r"mi[sx]tral|codestral|devstral|magistral|ministral|pixtral"),
        ("meta", r"(?<!o)llama"),
    )
)

# First match wins, on the path without its query.
_PATH_RULES = (
    ("claude", re.compile(r"/messages(?:/|$)")),
    ("gemini", re.compile(r"/v1beta|/v1internal|:(?:streamG|g)enerateContent$")),
    (
        "openai",
        re.compile(
            r"/(?:completions|responses|embeddings|videos|realtime|live|alpha/search)(?:/|$)"
            r"|/images/|/backend-api/codex/"
        ),
    ),
)
_AMP_PREFIX = "/api/provider/"

_CACHED_CHARS = 256
_READ_CHARS = 4096


def canonical_provider(name: str) -> str:
    """The provider key `name` stands for, lower-cased; `unknown` for an empty name."""
    return _canonical_provider(name[: _CACHED_CHARS + 1])


@lru_cache(maxsize=1024)
def _canonical_provider(name: str) -> str:
    name = name.strip().lower()
    for prefix in _NAMED_BY_USER:
        if name.startswith(prefix) and len(name) > len(prefix):
            name = name[len(prefix) :].strip()
            break
    return _CANONICAL.get(name) or shorten(name)


def provider_of_model(model: str) -> str:
    """The provider a model name speaks for, `unknown` if it says nothing."""
    return _provider_of_model(model[:_CACHED_CHARS])


@lru_cache(maxsize=4096)
def _provider_of_model(model: str) -> str:
    lowered = model.lower()
    for provider, pattern in _MODEL_RULES:
        if pattern.search(lowered):
            return provider
    return UNKNOWN


def provider_of_path(path: str) -> str:
    """The provider whose API a path belongs to, `unknown` if it is nobody's.

    A guess of last resort: any model can be reached through `/v1/chat/completions`.
    """
    if len(path) <= _CACHED_CHARS:
        return _provider_of_path(path)
    return _provider_of_path.__wrapped__(path[:_READ_CHARS])


@lru_cache(maxsize=1024)
def _provider_of_path(path: str) -> str:
    path = path.partition("?")[0]
    if path.startswith(_AMP_PREFIX):
        name, slash, _ = path[len(_AMP_PREFIX) :].partition("/")
        if slash and name:
            return canonical_provider(name)
    for provider, pattern in _PATH_RULES:
        if pattern.search(path):
            return provider
    return UNKNOWN


def detect_provider(model: str, path: str) -> str:
    """The provider by the model's name, else by the path, else `unknown`."""
    provider = provider_of_model(model)
    return provider_of_path(path) if provider == UNKNOWN else provider


def model_of_path(path: str) -> str | None:
    """The model a path names (`/v1beta/models/MODEL:method`), None if it names none.

    Before a `:method` a slash belongs to the model (`/models/team/gemini-2.5-pro:generateContent`,
    a prefixed model of CLIProxyAPI), without one it ends it.
    """
    if len(path) <= _CACHED_CHARS:
        return _model_of_path(path)
    return _model_of_path.__wrapped__(path[:_READ_CHARS])


@lru_cache(maxsize=1024)
def _model_of_path(path: str) -> str | None:
    _, found, rest = path.partition("?")[0].rpartition("/models/")
    if not found:
        return None
    model, method, _ = rest.partition(":")
    if not method:
        model = model.partition("/")[0]
    return shorten(model) or None
