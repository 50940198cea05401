import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.masking import (
    clean_path,
    is_masked,
    mask_account,
    mask_api_key,
    mask_inside,
    mask_key,
    mask_text,
)
from proxypal.records.request import MAX_LABEL_CHARS, MAX_PATH_CHARS
from proxypal.records.tolerant_json import Refused


@pytest.mark.parametrize(
    ("raw", "mask"),
    [
        ("sk-proj-abcdefghij0XYZ", "sk-…0XYZ"),
        ("1234567890123", "123…0123"),
        ("123456789012", "…12"),
        ("abc", "…bc"),
        ("ab", "…"),
        ("", "…"),
        ("sk-o...0XYZ", "sk-o...0XYZ"),
        ("sk-…0XYZ", "sk-…0XYZ"),
        ("sk-****", "sk-****"),
        ("sk-…0XYZ#3f9a1c", "sk-…0XYZ#3f9a1c"),
        ("sk-secret-0123456789#3f9a1c", "sk-…9a1c"),
        ("me@example.com", "m…@example.com"),
        ("@sk-secret-0123456789", "@sk…6789"),
    ],
)
def test_a_key_keeps_what_tells_it_apart(raw: str, mask: str) -> None:
    """Two keys can be told apart by their labels, and nobody can use the label."""
    assert mask_api_key(raw) == mask


@pytest.mark.parametrize(
    ("raw", "label"),
    [
        ("dev@example.com", "d…@example.com"),
        ("claude-dev@example.com.json", "c…@example.com.json"),
        ("OAuth dev@example.com", "OAuth d…@example.com"),
        ("d***@example.com", "d***@example.com"),
        ("work laptop", "work laptop"),
        ("codex-a.json", "codex-a.json"),
        ("9f1c2ab34d5e6f70", "9f1c2ab34d5e6f70"),
        ("xai-0123456789abcdefghij", "xai…ghij"),
        ("550e8400-e29b-41d4-a716-446655440000", "550…0000"),
        ("a...b real@example.com", "a...b r…@example.com"),
        ("d…@example.com#3f9a1c", "d…@example.com#3f9a1c"),
        ("fak…-key#3f9a1c", "fak…-key#3f9a1c"),
    ],
)
def test_an_account_keeps_its_name_and_loses_its_address(raw: str, label: str) -> None:
    """An account is recognisable, its e-mail address or key is not readable."""
    assert mask_account(raw) == label


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/v1/messages", "/v1/messages"),
        ("/v1/messages?beta=true", "/v1/messages?beta=true"),
        ("/v1beta/m:g?alt=sse&key=AIza...IJKL", "/v1beta/m:g?alt=sse&key="),
        ("/x?Access_Token=abc&b=1", "/x?Access_Token=&b=1"),
        ("/x?%6bey=abc", "/x?%6bey="),
        ("/x?client-secret=a=b", "/x?client-secret="),
        ("/xai-0123456789abcdef0XYZ/v1/messages", "/xai…0XYZ/v1/messages"),
    ],
)
def test_a_path_loses_its_secrets(path: str, kept: str) -> None:
    """D48: a key in a query string or segment is not stored with the path."""
    assert clean_path(path) == kept


def test_values_inside_unknown_keys_are_masked() -> None:
    """What is kept of unknown keys is looked through to the bottom."""
    value = {"auth": {"api_key": "local-client-key-1"}, "who": ["me@example.com", 5, None]}
    assert mask_inside(value) == {
        "auth": {"api_key": "loc…ey-1"},
        "who": ["m…@example.com", 5, None],
    }


def test_values_nested_too_deeply_are_refused() -> None:
    """A tower of lists is no information worth a crash."""
    tower: object = 1
    for _ in range(100):
        tower = [tower]
    with pytest.raises(Refused, match="32 levels"):
        mask_inside(tower)


_texts = st.one_of(
    st.text(max_size=60),
    st.from_regex(r"\A[a-z@.?&=%*…/-]{0,80}\Z"),
    st.text(alphabet="sk-@.a1 ?key=&%6b", max_size=80),
    st.builds(lambda a, n: (a * n)[:9000], st.text(max_size=8), st.integers(0, 3000)),
)


@given(_texts)
def test_masking_twice_changes_nothing(text: str) -> None:
    """A label read back from a file is the same label."""
    for mask in (mask_key, mask_api_key, mask_account, mask_text, clean_path):
        assert mask(mask(text)) == mask(text)
    assert len(mask_api_key(text)) <= MAX_LABEL_CHARS
    assert len(mask_account(text)) <= MAX_LABEL_CHARS
    assert len(clean_path(text)) <= MAX_PATH_CHARS


@given(st.from_regex(r"\A[A-Za-z0-9_-]{13,200}\Z"))
def test_no_key_is_readable_from_its_label(key: str) -> None:
    """Whatever a key looks like, its label holds seven characters of it."""
    label = mask_api_key(key)
    assert is_masked(label)
    assert len(label) == 8


@given(st.from_regex(r"\A(?!.*\.\.\.)[a-z0-9.+-]{2,70}@[a-z0-9-]{1,20}\.[a-z]{2,5}\Z"))
def test_no_address_is_readable(address: str) -> None:
    """Whatever an address looks like, its label does not hold it."""
    for mask in (mask_api_key, mask_account, mask_text):
        assert address not in mask(address)


@pytest.mark.parametrize("key", ["pass*word12", "a*b", "se**cret", "ab..cdefgh"])
def test_a_key_that_only_resembles_a_mask_is_masked(key: str) -> None:
    """A star or two dots in a key do not let it through as it is."""
    assert not is_masked(key)
    assert mask_api_key(key) != key
