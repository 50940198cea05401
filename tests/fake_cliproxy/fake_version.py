"""What each version of CLIProxyAPI can do, as far as a reader of its usage queue can tell.

Releases are compared as numbers; `7.2` and `8` stand for a late release of theirs.
"""

from functools import cached_property

_SHORT = {"6.9": "6.9.38", "7.2": "7.2.140", "8": "8.0.20"}


class Version:
    """One release, such as `7.2.140`."""

    def __init__(self, text: str) -> None:
        self.text = _SHORT.get(text, text)
        self.numbers = tuple(int(part) for part in self.text.split("."))

    def since(self, text: str) -> bool:
        """Whether it is this release or a later one."""
        return self.numbers >= tuple(int(part) for part in text.split("."))

    @cached_property
    def has_resp(self) -> bool:
        """One release refused every RESP connection."""
        return self.text != "7.1.17"

    @cached_property
    def has_http_queue(self) -> bool:
        """Whether `GET /v0/management/usage-queue` exists."""
        return self.since("6.10.8")

    @cached_property
    def has_subscribe(self) -> bool:
        """Whether records can be subscribed to."""
        return self.since("7.0.7")

    @cached_property
    def greets(self) -> bool:
        """Whether a subscription begins with a control message."""
        return self.since("7.1.39")

    @cached_property
    def checks_names(self) -> bool:
        """Whether a pop must name `usage`; and since then `errors` can be subscribed to."""
        return self.since("7.1.44")

    @cached_property
    def retention_is_fixed(self) -> bool:
        """Whether records are kept 60 s whatever the configuration says."""
        return not self.since("6.10.1")

    @cached_property
    def is_v8(self) -> bool:
        """UUIDs for request ids, of which the log shows the end; more fields."""
        return self.since("8.0.0")

    def gives_id(self, path: str) -> bool:
        """Whether requests of this path get a request id."""
        path = path.partition("?")[0]
        if self.since("7.2.84"):
            roots = ("/v1", "/v1beta", "/openai/v1", "/backend-api/codex")
            return any(path == root or path.startswith(f"{root}/") for root in roots)
        return any(path.startswith(root) for root, since in _WITH_ID if self.since(since))


_WITH_ID = (
    ("/v1/chat/completions", "6.6.50"),
    ("/v1/completions", "6.6.50"),
    ("/v1/messages", "6.6.50"),
    ("/v1/responses", "6.6.50"),
    ("/v1beta/models/", "6.6.50"),
    ("/api/provider/", "6.6.50"),
    ("/v1/images", "6.9.35"),
    ("/v1/videos", "7.1.2"),
    ("/backend-api/codex/", "7.1.61"),
)
