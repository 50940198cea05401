"""Who is in the invented traffic: models with what is typical of them, keys, accounts.

Nobody in it exists: keys end in DEM, accounts are of a domain that cannot be registered. Must not
enter: what they do (`demo_traffic`).
"""

import random
from typing import NamedTuple

KEYS = {
    "sk-…DEM1": "laptop",
    "sk-…DEM2": "desktop",
    "sk-…DEM3": "review bot",
    "sk-…DEM4": "nightly jobs",
    "sk-…DEM5": "notebook",
}
"""Labels of keys that never existed, and what their owners call them."""

UNPRICED = "qwen3-coder-plus"
"""The model that no price list knows."""


_ALWAYS = 1000


class Model(NamedTuple):
    """What is typical of a model: times in milliseconds, sizes in tokens.

    `since` and `until` are the days before the end between which it was used.
    """

    name: str
    provider: str
    path: str
    account: str
    weight: float
    ttft_ms: float
    tokens_per_second: float
    output: float
    context: float = 16_000
    writes_cache: bool = False
    thinks: float = 0.0
    since: int = _ALWAYS
    until: int = -1
    requested: str | None = None


_MESSAGES = "/v1/messages?beta=true"
_GEMINI = "/v1beta/models/{}:streamGenerateContent?alt=sse"
_TEAM = "t…@demo.example"
_SOLO = "s…@demo.example"
_GEMINI_PRO, _GEMINI_FLASH = "gemini-3.1-pro-preview", "gemini-3-flash-preview"
MODELS = (
    Model("claude-sonnet-4-6", "claude", _MESSAGES, _TEAM, 30, 1300, 74, 420, 21_000, True,
          until=38),
    Model("claude-sonnet-5", "claude", _MESSAGES, _TEAM, 30, 1150, 82, 460, 23_000, True,
          since=38),
    Model("claude-opus-4-7", "claude", _MESSAGES, _SOLO, 13, 2300, 51, 640, 26_000, True),
    Model("claude-haiku-4-5-20251001", "claude", _MESSAGES, _TEAM, 15, 620, 145, 180, 6_000, True),
    Model("gpt-5.3-codex", "openai", "/v1/responses", "c…@demo.example", 15, 2100, 66, 520,
          thinks=0.45, requested="gpt-5.3-codex(high)"),
    Model("gpt-5.4-mini", "openai", "/v1/chat/completions", "c…@demo.example", 5, 780, 120, 260,
          thinks=0.2),
    Model(_GEMINI_PRO, "gemini", _GEMINI.format(_GEMINI_PRO), "g…@demo.example", 7, 3100, 88, 480,
          thinks=0.5),
    Model(_GEMINI_FLASH, "gemini", _GEMINI.format(_GEMINI_FLASH), "g…@demo.example", 5, 700, 160,
          240, 9_000, thinks=0.25),
    Model(UNPRICED, "qwen", "/v1/chat/completions", "q…@demo.example", 5, 1500, 58, 330),
)  # fmt: skip


def model_of(chance: random.Random, days_ago: float) -> Model:
    """A model that was in use so many days before the end."""
    models = [model for model in MODELS if model.until <= days_ago < model.since]
    (model,) = chance.choices(models, [model.weight for model in models])
    return model


def key_of(chance: random.Random, model: Model) -> str:
    """Jobs use small models more often than people do."""
    is_small = "mini" in model.name or "haiku" in model.name
    weights = (24, 18, 22, 26, 10) if is_small else (38, 25, 15, 8, 14)
    (key,) = chance.choices(list(KEYS), weights)
    return key
