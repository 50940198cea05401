from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxypal.errors import UnreadableInput
from proxypal.sources.cliproxy_config import (
    ConfigAdvice,
    auth_directory,
    check_config,
    parse_config,
    read_config,
)

GOOD = b"""
debug: true
logging-to-file: true
usage-statistics-enabled: true
redis-usage-queue-retention-seconds: 3600
remote-management:
  secret-key: "$2a$10$hash"
"""


def advice(text: bytes, *, has_password: bool = False) -> dict[str, ConfigAdvice]:
    tree = parse_config(text)
    assert not isinstance(tree, str)
    return {one.key: one for one in check_config(tree, has_password=has_password)}


def test_a_config_that_records_everything_needs_nothing() -> None:
    """Where all is switched on there is nothing to advise."""
    assert advice(GOOD) == {}


def test_an_empty_config_is_told_every_key() -> None:
    """The defaults record nothing: each key that matters is named, with what to set it to."""
    wanted = {key: (one.current, one.wanted) for key, one in advice(b"").items()}
    assert wanted == {
        "logging-to-file": ("not set", "true"),
        "debug": ("not set", "true"),
        "usage-statistics-enabled": ("not set", "true"),
        "remote-management.secret-key": ("not set", "a password of your choice"),
        "redis-usage-queue-retention-seconds": ("not set", "3600"),
    }


def test_a_log_switched_off_is_named() -> None:
    """D49: `logging-to-file: false` silently disables all tracking; here it is said."""
    text = GOOD.replace(b"logging-to-file: true", b"logging-to-file: false")
    (one,) = advice(text).values()
    assert (one.key, one.current, one.wanted) == ("logging-to-file", "false", "true")
    assert "no log to read" in one.why


@pytest.mark.parametrize("yes", ["true", "True", "yes", "on", '"true"'])
def test_every_way_to_say_yes_is_yes(yes: str) -> None:
    """The proxy's YAML reader takes all of these for true."""
    assert advice(GOOD.replace(b"debug: true", f"debug: {yes}".encode())) == {}


@pytest.mark.parametrize(
    ("value", "is_fine"), [("3600", True), ("7200", True), ("60", False), ("soon", False)]
)
def test_a_short_retention_is_named(value: str, *, is_fine: bool) -> None:
    """Token counts kept for less than an hour are lost while nothing collects them."""
    text = GOOD.replace(b"3600", value.encode())
    assert (advice(text) == {}) is is_fine


def test_a_password_in_the_environment_replaces_the_key() -> None:
    """MANAGEMENT_PASSWORD gives the proxy a management key without one in the file."""
    text = GOOD.replace(b'"$2a$10$hash"', b'""')
    assert list(advice(text)) == ["remote-management.secret-key"]
    assert advice(text, has_password=True) == {}


def test_no_secret_is_ever_shown() -> None:
    """Of keys and passwords only whether they are set is said."""
    text = b"remote-management: {secret-key: hunter2}\napi-keys: [hunter2]\ndebug: [hunter2]\n"
    assert "hunter2" not in repr(advice(text))


def test_the_names_of_v8_are_understood() -> None:
    """In a v8 config the keys are found in their tree and named with it."""
    text = b"""
observability:
  logs: {logging-to-file: true, debug: false}
  usage: {usage-statistics-enabled: true, redis-usage-queue-retention-seconds: 3600}
remote-management: {secret-key: x}
"""
    assert list(advice(text)) == ["observability.logs.debug"]
    bare = b"observability: {logs: {}}\n"
    assert {"observability.logs.logging-to-file", "observability.logs.debug"} <= set(advice(bare))


def test_flat_names_still_count_beside_the_tree() -> None:
    """v8 still loads the flat names, so they are not asked for twice."""
    assert advice(GOOD + b"observability: {traces: {}}\n") == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"- a\n- b\n", "it holds a list, no keys"),
        (b"just words", "it holds a single value, no keys"),
        (b"a: [1, 2\nb: }", "it is not YAML"),
        (b"\xff\xfe\x00", "it is not YAML"),
        (b"[" * 100_000, "it is not YAML"),
        (b"a: 1\n" * 1_000_000, "it is longer than 4 MiB"),
    ],
)
def test_what_is_no_config_is_answered_with_a_reason(
    tmp_path: Path, text: bytes, reason: str
) -> None:
    """Any file can be given; the answer says what is wrong with it, and where."""
    path = tmp_path / "config.yaml"
    path.write_bytes(text)
    with pytest.raises(UnreadableInput, match=reason) as caught:
        read_config(path)
    assert str(path) in str(caught.value)


def test_a_config_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    """A wrong name is told as such."""
    with pytest.raises(UnreadableInput, match="No such file"):
        read_config(tmp_path / "config.yaml")


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
@example(b"a: !!python/object/apply:os.system ['true']")
@example(b"a: &x [*x]")
@example(b"? [1, 2]\n: 3\n")
@example(b"!!binary x: !!int ''\n")
@example(b"observability: {logs: [1], debug: {a: {b: {c: {d: {e: 1}}}}}}")
def test_any_bytes_give_advice_or_a_reason(text: bytes) -> None:
    """No config, however broken or hostile, ends in an exception or runs anything."""
    tree = parse_config(text)
    if isinstance(tree, str):
        assert tree
    else:
        check_config(tree)
        auth_directory(tree)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_any_value_can_be_checked(value: object) -> None:
    """What is not a mapping is checked like an empty config."""
    assert check_config(value) == check_config({})
    assert auth_directory(value) is None
    assert check_config({"debug": value, "observability": value, "remote-management": value})
