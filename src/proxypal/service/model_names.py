"""The names under which a price list may know a model that was recorded under another one.

Pure text. Must not enter: the price list itself.
"""

import re

_EFFORT = re.compile(r"\s*\([^()]*\)$")
"""CLIProxyAPI's way to ask for an effort of thinking: `gpt-5(high)`, `gemini-2.5-pro(8192)`."""

_ACCOUNT = re.compile(r"(?:kiro|amazonq|copilot|antigravity|iflow)-|gemini-(?=claude)")
"""What stands before a model that is reached through somebody else's account."""

_MODE = re.compile(r"[-:](?:thinking|agentic)$")


def spellings(model: str) -> list[str]:
    """`model` as it is, then without what proxies put around a name; lower-cased, each once.

    `models/gemini-2.5-pro` and `team/gemini-2.5-pro` are also `gemini-2.5-pro`, `gpt-5(high)` is
    also `gpt-5`, `kiro-claude-sonnet-4-5-agentic` is also `claude-sonnet-4-5`.
    """
    name = model.strip().lower()
    plain = _EFFORT.sub("", name)
    without_models = plain.removeprefix("models/")
    last = without_models.rpartition("/")[2]
    bare = _ACCOUNT.sub("", last, count=1) if _ACCOUNT.match(last) else last
    found = [name, plain, without_models]
    if "/" in without_models:
        found.append(without_models.partition("/")[2])
    found += [last, bare, _MODE.sub("", bare)]
    return [name for name in dict.fromkeys(found) if name]
