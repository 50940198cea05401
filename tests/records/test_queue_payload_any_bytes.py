import json
import random
import string
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from proxypal.records.attempt import Attempt
from proxypal.records.queue_payload import Control, NotUnderstood, read_payload
from proxypal.records.request import MAX_INTEGER
from proxypal.records.scrubbing import MAX_PAYLOAD_BYTES
from usage_payloads import LABELS, SAMPLES, payload_of, usage_record

FIELDS = sorted({name for sample in SAMPLES for name in json.loads(sample)})


def judged(payload: bytes) -> Attempt | Control | NotUnderstood:
    """An answer that the store can take, whatever it is."""
    answer = read_payload(payload, LABELS)
    if isinstance(answer, Control):
        return answer
    json.loads(answer.payload)
    assert len(answer.payload) <= MAX_PAYLOAD_BYTES
    if isinstance(answer, Attempt):
        tokens = answer.tokens
        assert all(0 <= number <= MAX_INTEGER for number in (tokens.input, tokens.output))
        assert answer.started_ms > 0
        assert 0 <= answer.latency_ms <= MAX_INTEGER
        assert 0 <= answer.status <= 999
        assert -(2**63) <= answer.key < 2**63
        for text in (answer.model, answer.provider, answer.route, answer.request_id or ""):
            text.encode()
    return answer


@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(payload: bytes) -> None:
    """Bytes of any kind are understood or kept, and stop nobody."""
    judged(payload)


def test_damaged_records_get_an_answer() -> None:
    """So do records with bytes changed, left out or put in at any place."""
    dice = random.Random(20_260_822)
    for _ in range(1500):
        payload = bytearray(dice.choice(SAMPLES))
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(payload))
            match dice.randrange(4):
                case 0:
                    payload[at : at + dice.randint(1, 9)] = b" "
                case 1:
                    payload[at] = dice.randrange(256)
                case 2:
                    payload[at:at] = dice.choice(
                        (b"null", b"-1", b'"', b"{}", b"[", b"1e999", b"\\ud800", b"\0")
                    )
                case _:
                    payload[at:] = b"}"
        judged(bytes(payload))


_wrong = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=2),
)


@given(st.dictionaries(st.sampled_from(FIELDS), _wrong, max_size=6))
def test_fields_of_any_type_get_an_answer(changes: dict[str, Any]) -> None:
    """A record whose time and model are right is counted, whatever its other fields hold."""
    answer = judged(payload_of(usage_record(**changes)))
    if not {"timestamp", "model", "tokens", "provider"} & changes.keys():
        assert isinstance(answer, Attempt)


_secret_fields = ("api_key", "source", "access_token_sha256", "authorization", "session_token")
_places = ("user_agent", "new_field", "response_headers", "client_ip", "note")
_texts = st.text(string.ascii_letters + string.digits + '-_.*@+/="\\ é', min_size=12, max_size=60)


@settings(max_examples=200)
@given(
    st.sampled_from(SAMPLES),
    st.dictionaries(st.sampled_from(_secret_fields), _texts.map("Zq9{}".format), min_size=1),
    st.sets(st.sampled_from(_places)),
    st.booleans(),
)
def test_no_secret_survives(
    sample: bytes, secrets: dict[str, str], places: set[str], in_fail: bool
) -> None:
    """Keys of any characters, and their echoes at any place, are nowhere in what is kept."""
    record = json.loads(sample)
    record |= secrets
    spoken = " ".join(secrets.values())
    for place in places:
        record[place] = {"Cookie": [spoken]} if place == "response_headers" else f"for {spoken}."
    if in_fail:
        record["fail"] = {"status_code": 500, "body": spoken}
    answer = judged(payload_of(record))
    assert isinstance(answer, Attempt)
    shown = f"{answer} {json.loads(answer.payload)}"
    for secret in secrets.values():
        assert secret.strip() not in shown


@settings(max_examples=100)
@given(st.sampled_from(SAMPLES), st.dictionaries(st.sampled_from(["a", "b_c"]), _wrong, max_size=2))
def test_both_ways_of_reading_agree(sample: bytes, unknown: dict[str, Any]) -> None:
    """A record with something new in it means exactly what it means without."""
    plain = read_payload(sample, LABELS)
    other = read_payload(payload_of({**json.loads(sample), **unknown}), LABELS)
    assert isinstance(plain, Attempt)
    assert isinstance(other, Attempt)
    for name in plain.__struct_fields__:
        assert name == "payload" or getattr(plain, name) == getattr(other, name)
