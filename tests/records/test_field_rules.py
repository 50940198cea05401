import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.field_rules import LABELS, Rule, is_field_name, rule_of, rule_within


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        (Rule.LABEL, "timestamp model provider endpoint auth_index auth_type request_id trace_id"),
        (Rule.COUNT, "tokens token_breakdown prompt_tokens completion_tokens_details messageCount"),
        (Rule.DROP, "response_headers requestHeaders body bodies prompt systemPrompt content"),
        (Rule.DROP, "messages client_ip clientIP x_forwarded_for resolved_client_ip remote_addr"),
        (Rule.SECRET, "api_key apiKey APIKey key authorization set_cookie secret auth_id jwt"),
        (Rule.SECRET, "access_token accesstoken refresh_token access_token_sha256 password1 apis"),
        (Rule.ACCOUNT, "source account email user userName organization account_id"),
        (Rule.CONTENT, "input output error_detail completion request tool_arguments url"),
        (Rule.FREE, "user_agent node_color description zip tip"),
    ],
)
def test_names_are_read_word_by_word(rule: Rule, names: str) -> None:
    """Fields that later versions add are treated by what their names say."""
    assert {name: rule_of(name) for name in names.split()} == dict.fromkeys(names.split(), rule)


def test_inside_a_secret_nothing_becomes_plain() -> None:
    """A model's name under `credentials` may be anything, so it is treated as a key."""
    assert rule_within(Rule.SECRET, Rule.LABEL) is Rule.SECRET
    assert rule_within(Rule.ACCOUNT, Rule.CONTENT) is Rule.ACCOUNT
    assert rule_within(Rule.SECRET, Rule.DROP) is Rule.DROP
    assert rule_within(Rule.CONTENT, Rule.FREE) is Rule.CONTENT
    assert rule_within(Rule.COUNT, Rule.FREE) is Rule.COUNT
    assert rule_within(Rule.FREE, Rule.SECRET) is Rule.SECRET


@pytest.mark.parametrize(
    "name",
    [
        "cache_creation_5m_tokens",
        "access_token_sha256",
        "isFork",
        "ttft_ms",
        "p95",
        "x_forwarded_for",
    ],
)
def test_names_of_programs_are_kept(name: str) -> None:
    """The field names of a record that nobody understands yet can be read later."""
    assert is_field_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "local-client-key",
        "sk-abcdefghijklmnop",
        "dev@example.com",
        "9XaBcDeF12",
        "a1b2c3d4e5f6a7b8c9d0",
        "Key With Spaces",
        "",
        "a" * 49,
        "ключ",
    ],
)
def test_names_that_may_be_keys_are_not(name: str) -> None:
    """D48: a client's key as the name of a field is recognised as no field name."""
    assert not is_field_name(name)


@given(st.text(max_size=200))
def test_any_name_has_a_rule(name: str) -> None:
    """No name can stop a record from being kept."""
    assert rule_of(name) in Rule
    assert isinstance(is_field_name(name), bool)


def test_known_fields_are_fields() -> None:
    """Every known field keeps its name."""
    assert all(is_field_name(name) for name in LABELS)
