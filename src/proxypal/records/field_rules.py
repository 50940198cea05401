"""What the name of a field says about its value: a label, a secret, somebody's words, a count.

The names are CLIProxyAPI's (internal/redisqueue/plugin.go, v6.9.38-v8) and what other programs
call such things; a name is read word by word, and the strictest word decides. Must not enter: what
is done with a value (`records.scrubbing`).
"""

import re
from enum import Enum, auto
from functools import lru_cache


class Rule(Enum):
    """What becomes of the value under a name; objects and lists hand theirs down."""

    LABEL = auto()
    """Plain words of a known field: kept."""

    FREE = auto()
    """Nobody knows: text is kept without what looks like a secret."""

    COUNT = auto()
    """Numbers: kept. Text has no place there and is taken for a secret."""

    SECRET = auto()
    """A key: text and numbers become a fingerprint's label."""

    ACCOUNT = auto()
    """A person or an account: as a key, but an address keeps its domain."""

    CONTENT = auto()
    """What was said, if it is text or a list: gone. Numbers inside an object are kept."""

    DROP = auto()
    """Headers, bodies, prompts, where people are: gone, unless it is a number."""


LABELS = frozenset(
    {
        "accounting_version",
        "alias",
        "auth_index",
        "auth_type",
        "endpoint",
        "execution_id",
        "executor_type",
        "failed",
        "generate",
        "is_compaction",
        "is_fork",
        "latency_ms",
        "model",
        "node_kind",
        "parent_session_id",
        "provider",
        "quality",
        "reasoning_effort",
        "request_id",
        "request_service_tier",
        "response_model",
        "response_service_tier",
        "schema_version",
        "service_tier",
        "session_id",
        "status_code",
        "stream",
        "timestamp",
        "trace_id",
        "ttft_ms",
    }
)
"""Fields of a usage record whose text is kept as it is."""

_EXACT = {
    "fail": Rule.CONTENT,
    "token_breakdown": Rule.COUNT,
    "token_count": Rule.COUNT,
    "user_agent": Rule.FREE,
}

# On the words of a name as `_client_ip_`, so that short ones are found as whole words only.
_RULES: tuple[tuple[Rule, re.Pattern[str]], ...] = (
    (Rule.COUNT, re.compile(r"tokens_|_counts?_|_totals?_|_bytes_|_length_")),
    (
        Rule.DROP,
        re.compile(
            r"_ips?_|_addr_|address|forwarded|header|bod(?:y|ies)_|prompt|content|message"
            r"|instruction|transcript"
        ),
    ),
    (
        Rule.SECRET,
        re.compile(
            r"_apis?_|_auth_|_pwd_|_sig_|_sha_|_hash_|_private_|keys?_|secret|passw|passphrase"
            r"|authoriz|cookie|credential|bearer|token|jwt|signature"
        ),
    ),
    (
        Rule.ACCOUNT,
        re.compile(
            r"_sources?_|_mail_|_users?_|_owner_|_login_|_org_|_profile_|account|email|username"
            r"|organi[sz]ation|identit"
        ),
    ),
    (
        Rule.CONTENT,
        re.compile(
            r"_inputs?_|_outputs?_|_texts?_|_request_|_response_|_reasoning_|_thinking_|_summary_"
            r"|_choices?_|_tools?_|_err_|_reason_|_query_|_ur[li]_|_stack_|completion|argument"
            r"|error|detail"
        ),
    ),
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_FIELD_CHARS = 48
# Words and short numbers, joined as programs join them: `cache_creation_5m_tokens`, `isFork`.
_SEGMENT = r"(?:[a-z]{1,20}[0-9]{0,3}|[0-9]{1,3}[a-z]{0,2})"
_FIELD = re.compile(rf"{_SEGMENT}(?:_{_SEGMENT})*|[a-z]{{1,20}}(?:[A-Z][a-z]{{1,20}}){{0,5}}")


def rule_of(name: str) -> Rule:
    """What the name of a field says."""
    return _rule_of(name if len(name) <= _FIELD_CHARS else name[-_FIELD_CHARS:])


@lru_cache(maxsize=4096)
def _rule_of(name: str) -> Rule:
    if name in LABELS:
        return Rule.LABEL
    if name in _EXACT:
        return _EXACT[name]
    words = f"_{'_'.join(_WORD.findall(name)).lower()}_"
    return next((rule for rule, said in _RULES if said.search(words)), Rule.FREE)


def is_field_name(name: str) -> bool:
    """Whether a name looks like a programmer's; any other may be a key that counts are sorted by.

    (CLIProxyAPI's old statistics have `"apis": {"the client's key": ...}`.) A key of a few small
    letters cannot be told from a name.
    """
    return len(name) <= _FIELD_CHARS and _is_field_name(name)


@lru_cache(maxsize=4096)
def _is_field_name(name: str) -> bool:
    return _FIELD.fullmatch(name) is not None


def rule_within(outer: Rule, rule: Rule) -> Rule:
    """The rule of a value that stands inside another: never milder than the outer one."""
    if outer is Rule.SECRET or outer is Rule.ACCOUNT:
        return rule if rule is Rule.DROP or rule is Rule.COUNT else outer
    if rule is Rule.FREE and (outer is Rule.COUNT or outer is Rule.CONTENT):
        return outer
    return rule
