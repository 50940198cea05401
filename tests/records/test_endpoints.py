import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.endpoints import is_model_call, path_without_secrets

MODEL_CALLS = [
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
    ("POST", "/v1/messages"),
    ("POST", "/v1/messages?beta=true"),
    ("POST", "/v1/responses"),
    ("POST", "/v1/responses/compact"),
    ("POST", "/v1/embeddings"),
    ("POST", "/v1/images/generations"),
    ("POST", "/v1/images/edits"),
    ("POST", "/v1/videos"),
    ("POST", "/v1/videos/generations"),
    ("POST", "/v1/videos/edits"),
    ("POST", "/v1/videos/extensions"),
    ("POST", "/openai/v1/videos"),
    ("POST", "/backend-api/codex/responses"),
    ("POST", "/backend-api/codex/responses/compact"),
    ("POST", "/v1beta/models/gemini-2.5-pro:generateContent"),
    ("POST", "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse"),
    ("POST", "/v1beta/models/team/gemini-2.5-pro:generateContent"),
    ("POST", "/v1beta/interactions"),
    ("POST", "/v1internal:generateContent"),
    ("POST", "/v1internal:streamGenerateContent?alt=sse"),
    ("POST", "/api/provider/openai/chat/completions"),
    ("POST", "/api/provider/openai/v1/chat/completions"),
    ("POST", "/api/provider/openai/v1/completions"),
    ("POST", "/api/provider/openai/v1/responses"),
    ("POST", "/api/provider/anthropic/v1/messages"),
    ("POST", "/api/provider/google/v1beta/models/gemini-2.5-pro:streamGenerateContent"),
    ("POST", "/api/provider/google/v1beta1/publishers/google/models/gemini:generateContent"),
    ("GET", "/v1/responses"),
    ("GET", "/backend-api/codex/responses"),
    ("GET", "/v1/realtime?model=gpt-realtime"),
    ("POST", "/v1/realtime/calls"),
    ("GET", "/v1/live"),
    ("POST", "/v1/live/some"),
    ("POST", "/v1/alpha/search"),
    ("POST", "/backend-api/codex/alpha/search"),
]

OTHER_REQUESTS = [
    ("POST", "/v1/messages/count_tokens?beta=true"),
    ("POST", "/v1beta/models/gemini-2.5-pro:countTokens"),
    ("POST", "/api/provider/anthropic/v1/messages/count_tokens"),
    ("GET", "/v1/models"),
    ("GET", "/v1beta/models"),
    ("GET", "/v1beta/models/gemini-2.5-pro"),
    ("GET", "/api/provider/openai/models"),
    ("GET", "/v1/videos/video_1"),
    ("GET", "/openai/v1/videos/video_1/content"),
    ("POST", "/v1/realtime/client_secrets"),
    ("POST", "/v1/realtime/sessions"),
    ("POST", "/v1/realtime/transcription_sessions"),
    ("POST", "/v1/realtime/calls/rtc_1/hangup"),
    ("POST", "/v1/realtime/calls/rtc_1/accept"),
    ("POST", "/v1/livelihood"),
    ("GET", "/v1/messages"),
    ("GET", "/v1/chat/completions"),
    ("GET", "/v1/ws"),
    ("GET", "/"),
    ("GET", "/healthz"),
    ("GET", "/keep-alive"),
    ("GET", "/management.html"),
    ("GET", "/v0/management/usage-queue?count=100"),
    ("POST", "/v0/management/usage/import"),
    ("GET", "/v8/management/observability/logs"),
    ("GET", "/v0/resource/plugins/x"),
    ("GET", "/anthropic/callback?code=1"),
    ("POST", "/api/internal?uploadThread"),
    ("POST", "/api/telemetry"),
    ("POST", "/api/otel/v1/metrics"),
    ("GET", "/threads/T-1"),
    ("GET", "/news.rss"),
    ("GET", "/containers/json"),
    ("POST", "/?x=/v1/messages"),
    ("POST", "/v1/messages/"),
    ("POST", "//v1/messages"),
    ("POST", "/V1/Messages"),
    ("PUT", "/v1/messages"),
    ("DELETE", "/v1/responses"),
    ("OPTIONS", "/v1/messages"),
    ("HEAD", "/v1/messages"),
    ("", ""),
]

STATUSES = [200, 400, 401, 403, 429, 499, 500, 502]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(("method", "path"), MODEL_CALLS)
def test_model_calls_count_whatever_their_answer(method: str, path: str, status: int) -> None:
    """D25: every kind of model call counts, and a refused or failed one is a failed request."""
    assert is_model_call(method, path, status)


@pytest.mark.parametrize("status", [*STATUSES, 204, 404])
@pytest.mark.parametrize(("method", "path"), OTHER_REQUESTS)
def test_everything_else_does_not_count(method: str, path: str, status: int) -> None:
    """D25: counting tokens, listing models, management, telemetry and scanners are no requests."""
    assert not is_model_call(method, path, status)


def test_a_model_call_answered_not_found_is_a_failed_request() -> None:
    """POST with 404 is an unknown model; GET with 404 is a proxy without websockets."""
    assert is_model_call("POST", "/v1/messages", 404)
    assert not is_model_call("GET", "/v1/responses", 404)
    assert not is_model_call("GET", "/v1/realtime", 404)


@given(st.text(max_size=20), st.text(max_size=400), st.integers(0, 999))
def test_any_request_line_is_decided(method: str, path: str, status: int) -> None:
    """Method and path are untrusted: any text is decided, and only known paths count."""
    assert not is_model_call(method, f"/x{path}", status)
    assert not is_model_call("POST", f"/v1/messages/{path.replace('?', '')}", status)


def test_a_megabyte_of_query_changes_nothing() -> None:
    """The query of any length does not decide whether a request counts."""
    assert is_model_call("POST", f"/v1/messages?{'a=b&' * 250_000}", 200)
    assert not is_model_call("POST", f"/{'a/' * 500_000}", 200)


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/v1/messages", "/v1/messages"),
        ("/v1/messages?beta=true", "/v1/messages?beta=true"),
        ("/v1beta/models/m:g?alt=sse&key=AIza...IJKL", "/v1beta/models/m:g?alt=sse&key="),
        ("/x?key=AIzaSyFAKE&alt=sse", "/x?key=&alt=sse"),
        ("/x?API-Key=1&access_token=2&client_secret=3", "/x?API-Key=&access_token=&client_secret="),
        ("/x?%6Bey=AIzaSyFAKE", "/x?%6Bey="),
        ("/x?k=sk-fake&b=Bearer%20abc", "/x?k=&b="),
        ("/x?q=sk%2Dfake", "/x?q="),
        ("/x?sk-fake&uploadThread", "/x?&uploadThread"),
        ("/x?key=a=b", "/x?key="),
        ("/x?", "/x?"),
    ],
)
def test_no_secret_of_a_query_is_kept(path: str, kept: str) -> None:
    """Keys, tokens and secrets in a URL never reach the history, masked or not."""
    assert path_without_secrets(path) == kept


@given(st.text(max_size=300))
def test_a_key_is_dropped_wherever_it_stands(text: str) -> None:
    """A key parameter's value is gone whatever surrounds it."""
    secret = "AIzaSyFAKE0123456789"
    assert secret not in path_without_secrets(f"/x?{text}&key={secret}")
