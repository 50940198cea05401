"""Import with a preview, in the browser."""

from pathlib import Path

import msgspec
from playwright.sync_api import expect

from looking import OpenPage
from running import proxypal
from web_running import running_server

pytest_plugins = ["browser_fixtures"]

OLD = Path(__file__).parents[1] / "data" / "proxypal"


def test_a_file_is_looked_at_first_then_taken_then_taken_off(
    tmp_path: Path, open_page: OpenPage
) -> None:
    """Preview changes nothing, Import adds each request once, Undo takes off just that."""
    with running_server(tmp_path / "data") as server:
        page = open_page(server.url, "/settings/data")
        file = tmp_path / "some.ndjson"
        rows = [{"id": f"r{n}", "model": "gpt-5", "status": 200, "timestamp": 1_767_900_000_000 + n}
                for n in range(7)]  # fmt: skip
        file.write_bytes(b"\n".join(map(msgspec.json.encode, rows)))
        for turn in range(2):
            page.locator("[data-import-file]").set_input_files(file)
            page.get_by_role("button", name="Preview").click()
            dialog = page.get_by_role("dialog", name="Import this file?")
            expect(dialog).to_contain_text("requests, one per line (NDJSON)")
            if turn:
                expect(dialog).to_contain_text("imported before")
                dialog.get_by_role("button", name="Cancel").click()
            else:
                expect(dialog.locator("dd").nth(2)).to_have_text("7")
                assert server.store.get_usage_stats().total_requests == 0
                dialog.get_by_role("button", name="Import").click()
                expect(page.locator("[data-toast]")).to_contain_text("7 requests imported.")
                assert server.store.get_usage_stats().total_requests == 7
        page.get_by_role("region", name="Messages").get_by_role("button", name="Undo").click()
        expect(page.locator("[data-stat=total-requests] .stat-value")).to_have_text("0")


def test_old_files_that_belong_together_are_taken_together(
    tmp_path: Path, open_page: OpenPage
) -> None:
    """An old history and its aggregate tell of the same requests: chosen both, each counts once.

    What they are called does not matter.
    """
    files, named = [], []
    for name in ("history", "aggregate"):
        path = tmp_path / f"old {name[::-1]}.txt"
        path.write_bytes((OLD / f"{name}-v0.3.90.json").read_bytes())
        files.append(path)
        named.append(tmp_path / f"{name}.json")
        named[-1].write_bytes(path.read_bytes())
    ended = proxypal(tmp_path, "import", *map(str, named))  # into a store of its own
    assert ended.code == 0, ended.err
    alone = proxypal(tmp_path, "stats", "--json").json()
    with running_server(tmp_path / "served") as server:
        page = open_page(server.url, "/settings/data")
        page.locator("[data-import-file]").set_input_files(files)
        page.get_by_role("button", name="Preview").click()
        page.get_by_role("dialog").get_by_role("button", name="Import").click()
        expect(page.locator("[data-toast]")).to_contain_text("imported.")
        counted = server.store.get_usage_stats()
        assert counted.total_requests == alone["totalRequests"]
        assert counted.total_tokens == alone["totalTokens"]


def test_what_is_no_file_of_ours_is_refused_in_words(tmp_path: Path, open_page: OpenPage) -> None:
    """A picture is not imported, and the message says why."""
    with running_server(tmp_path / "data") as server:
        page = open_page(server.url, "/settings/data", expected="422")
        file = tmp_path / "picture.png"
        file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
        page.locator("[data-import-file]").set_input_files(file)
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_role("alert")).to_contain_text("picture.png was not imported")
