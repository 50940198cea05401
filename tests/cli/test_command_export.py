"""`proxypal export csv|json`."""

import csv
from pathlib import Path

import msgspec
import pytest

from proxypal import Aggregate, RequestLog, Store
from running import proxypal

SEED_COLUMNS = "timestamp,provider,model,status,durationMs,tokensIn,tokensOut"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two requests, one of them with a name that spreadsheets would run."""
    with Store(tmp_path / "data", zone="UTC") as store:
        store.record(
            [
                RequestLog(timestamp=1000, model='a,"b"', path="/v1/messages", status=200),
                RequestLog(timestamp=2000, model="=1+1", path="/v1/messages", status=500),
            ]
        )
    return tmp_path


def test_csv_is_the_seeds(home: Path) -> None:
    """Export CSV → file created with correct data: the seed's columns, quoted, neutralised."""
    shown = proxypal(home, "export", "csv", "--output", "out.csv")
    assert (shown.code, shown.out) == (0, "out.csv\n")
    text = (home / "out.csv").read_text()
    assert text.splitlines()[0] == SEED_COLUMNS
    rows = list(csv.DictReader(text.splitlines()))
    assert rows[0]["model"] == 'a,"b"'
    assert not rows[1]["model"].startswith("=")


def test_json_is_the_seeds(home: Path) -> None:
    """Export JSON → file created with correct schema."""
    path = Path(proxypal(home, "export", "json", "--output", "out.json").out.strip())
    aggregate = msgspec.json.decode((home / path).read_bytes(), type=Aggregate)
    assert (aggregate.total_requests, aggregate.total_failure_count) == (2, 1)


def test_stdout_gets_the_data_and_nothing_else(home: Path) -> None:
    """`--output -` prints the export itself."""
    assert proxypal(home, "export", "csv", "-o", "-").out.startswith(SEED_COLUMNS)
    assert proxypal(home, "export", "json", "-o", "-").json()["totalRequests"] == 2


def test_all_columns_are_more(home: Path) -> None:
    """--columns all adds what the seed left out, the path among it."""
    header = proxypal(home, "export", "csv", "-o", "-", "--columns", "all").out.splitlines()[0]
    assert "path" in header.split(",")


def test_downloads_is_the_default_place(home: Path) -> None:
    """Without --output the file goes to Downloads, named as the seed names it."""
    (home / "Downloads").mkdir()
    path = Path(proxypal(home, "export", "csv").out.strip())
    assert path.parent == home / "Downloads"
    assert path.name.startswith("proxypal-requests-")
    assert path.exists()


def test_without_downloads_it_is_the_current_folder(home: Path) -> None:
    """A server without a Downloads folder gets the file where one stands."""
    path = Path(proxypal(home, "export", "json").out.strip())
    assert (home / path.name).exists()
    assert path.name.startswith("proxypal-aggregate-")


def test_an_existing_file_is_not_replaced_silently(home: Path) -> None:
    """A file that exists stays as it is unless --overwrite says otherwise."""
    (home / "out.csv").write_text("mine")
    refused = proxypal(home, "export", "csv", "-o", "out.csv")
    assert (refused.code, refused.out) == (2, "")
    assert "--overwrite" in refused.err
    assert (home / "out.csv").read_text() == "mine"
    assert proxypal(home, "export", "csv", "-o", "out.csv", "--overwrite").code == 0
    assert (home / "out.csv").read_text().startswith(SEED_COLUMNS)


def test_two_exports_in_one_second_are_two_files(home: Path) -> None:
    """The default name never hits an existing file."""
    paths = {proxypal(home, "export", "csv").out.strip() for _ in range(4)}
    assert len(paths) == 4


def test_a_folder_gets_the_default_name(home: Path) -> None:
    """--output may be a folder."""
    (home / "folder").mkdir()
    path = Path(proxypal(home, "export", "csv", "-o", "folder").out.strip())
    assert path.parent == Path("folder")
    assert (home / path).exists()


def test_a_folder_that_is_not_there_is_wrong_usage(home: Path) -> None:
    """No folder is made up, and the sentence names it."""
    refused = proxypal(home, "export", "csv", "-o", "nowhere/out.csv")
    assert refused.code == 2
    assert "nowhere" in refused.err


def test_columns_belong_to_csv(home: Path) -> None:
    """`export json --columns` would mean nothing and says so."""
    assert proxypal(home, "export", "json", "--columns", "all").code == 2
