from decimal import Decimal
from pathlib import Path

import pytest

from builders import a_request, a_store
from proxypal.cli.lazy_pricing import LazyPricing


def test_a_pushed_request_gets_its_price(tmp_path: Path) -> None:
    """A request with tokens and without a cost is priced as it is recorded."""
    with a_store(tmp_path) as store:
        store.price_with(LazyPricing(store))
        store.record([a_request(tokens_in=1_000, tokens_out=0)])
        assert store.get_usage_stats().total_cost_usd == Decimal("0.003")


def test_a_slip_in_the_settings_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong in settings.toml is said on stderr when the first price is asked for."""
    (tmp_path / "settings.toml").write_text("[price]\n", encoding="utf-8")
    with a_store(tmp_path) as store:
        pricing = LazyPricing(store)
        assert capsys.readouterr().err == ""
        pricing([a_request()])
        pricing([a_request()])
    assert capsys.readouterr().err.count("no section 'price'") == 1
