import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from proxypal.records.key_labels import KeyLabels, is_label
from proxypal.records.masking import is_masked, mask_account, mask_api_key, mask_text
from proxypal.records.request import MAX_LABEL_CHARS

LABELS = KeyLabels(b"a secret of the tests")


@pytest.mark.parametrize(
    ("key", "mask"),
    [
        ("sk-proj-abcdefghij0XYZ", "sk-…0XYZ"),
        ("local-client-key", "loc…-key"),
        ("AIzaFAKE", "…KE"),
        ("ab", "…"),
        ("P@ssword.with-dots", "P_s…dots"),
        ("dotted...key...of-someone", "dot…eone"),
        ("two words and more", "two…more"),
    ],
)
def test_a_key_is_a_mask_and_a_fingerprint(key: str, mask: str) -> None:
    """A key can be recognised by its owner and read by nobody."""
    label = LABELS.api_key(key)
    assert label[:-7] == mask
    assert is_label(label)
    assert is_masked(label)


@pytest.mark.parametrize(
    ("account", "mask"),
    [
        ("dev@example.com", "d…@example.com"),
        ("claude-dev@example.com.json", "c…@example.com.json"),
        ("fake-upstream-key", "fak…-key"),
        ("my-project-123456", "my-…3456"),
        ("P@ssword", "…rd"),
        ("x@" + "a" * 300 + ".com", "x_a….com"),
    ],
)
def test_an_account_keeps_no_more_than_its_domain(account: str, mask: str) -> None:
    """What stands for an account may be a raw upstream key; only an address shows its domain."""
    label = LABELS.account(account)
    assert label[:-7] == mask
    assert is_label(label)


def test_two_accounts_with_one_mask_stay_two() -> None:
    """Usage of account A is never credited to B because both look alike."""
    assert LABELS.account("dev@example.com") != LABELS.account("dora@example.com")
    assert LABELS.api_key("sk-aaaaaaaaaaaaaaa0XYZ") != LABELS.api_key("sk-bbbbbbbbbbbbbbb0XYZ")


def test_one_key_is_one_label_wherever_it_is_met() -> None:
    """A client's key is the same key as an account, with spaces around it, or another day."""
    assert LABELS.api_key(" local-client-key ") == LABELS.account("local-client-key")
    assert KeyLabels(b"a secret of the tests").api_key("abc") == LABELS.api_key("abc")


def test_labels_are_of_their_secret() -> None:
    """Without the secret of the data directory nobody can try keys against a label."""
    assert KeyLabels(b"another").api_key("local-client-key") != LABELS.api_key("local-client-key")
    long = KeyLabels(b"x" * 100).api_key("local-client-key")
    assert long != KeyLabels(b"x" * 64).api_key("local-client-key")
    with pytest.raises(ValueError, match="need a secret"):
        KeyLabels(b"")


@pytest.mark.parametrize(
    "kept",
    ["", "sk-…0XYZ#3f9a1c", "d…@example.com#3f9a1c", "sk-o...0XYZ", "d***@example.com", "sk-****"],
)
def test_what_is_labelled_stays(kept: str) -> None:
    """A label read back from a file, or another program's mask, is not masked a second time."""
    assert LABELS.api_key(kept) == kept
    assert LABELS.account(kept) == kept


@given(st.text(max_size=60) | st.from_regex(r"\A[a-z.@#*…]{0,300}\Z"))
def test_labels_of_any_text(text: str) -> None:
    """Any text at all gets a label, the label is its own label, and every mask leaves it alone."""
    for label_of in (LABELS.api_key, LABELS.account):
        label = label_of(text)
        assert label_of(label) == label
        assert len(label) <= MAX_LABEL_CHARS
        if is_label(label):
            assert is_masked(label)
            assert mask_api_key(label) == mask_account(label) == mask_text(label) == label


@given(st.from_regex(r"\A[A-Za-z0-9_.@*-]{9,200}\Z"))
def test_no_key_is_in_its_label(key: str) -> None:
    """Whatever characters a client's key is made of, its label holds at most seven of them."""
    assume(not is_masked(key) or len(key) > 12)
    label = LABELS.api_key(key)
    assert is_label(label)
    assert key not in label
    assert len(label.partition("#")[0]) <= 8


def test_a_label_tells_nothing_of_the_secret() -> None:
    """Printing labels, as a traceback may, does not print what they are made with."""
    assert "a secret of the tests" not in repr(LABELS)
