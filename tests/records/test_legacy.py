from decimal import Decimal

from old_files import (
    UTC_PLUS_7,
    contradictions,
    numbers,
    sample,
)
from proxypal.records.imported import ImportedFacts
from proxypal.records.labels import LocalHours
from proxypal.records.legacy import read_bundle, read_old_pair

END_OF_22_DEC = 1_766_422_799_999
END_OF_23_DEC = 1_766_509_199_999
END_OF_28_JAN = 1_769_619_599_999


def facts_of(
    history: str | None,
    aggregate: str | None = None,
    *,
    hours: LocalHours = UTC_PLUS_7,
    mtime_ms: int | None = None,
) -> ImportedFacts:
    old = read_old_pair(
        None if history is None else sample(history),
        None if aggregate is None else sample(aggregate),
        hours,
        mtime_ms=mtime_ms,
    )
    assert old.unreadable == []
    assert old.facts is not None
    assert contradictions(old.facts.sums) == []
    return old.facts


def test_v0_1_4_history() -> None:
    """Six rows, nothing else: totals are the rows.

    The totals in the file are 0 and there are no series, so each number is what the rows add up
    to. `api-request` is no model, `openai-compat` is openai. The GET was counted by the old app
    and stays. All times are 5 December at UTC+7 (03:12 to 14:31), one of six failed with 401.
    """
    facts = facts_of("history-v0.1.4.json")
    unknown = {"requests": 4, "client_errors": 1, "duration_ms": 5217 + 12 + 1740}
    total = {"requests": 6, "client_errors": 1, "duration_ms": 15444}
    assert numbers(facts) == {
        "total": {"": total},
        "day": {"2025-12-05": total},
        "hour": {
            "2025-12-05T03": {"requests": 2, "duration_ms": 5217},
            "2025-12-05T05": {"requests": 1, "duration_ms": 8410},
            "2025-12-05T14": {"requests": 3, "client_errors": 1, "duration_ms": 1817},
        },
        "model": {
            "unknown": unknown,
            "gemini-2.5-pro": {"requests": 2, "duration_ms": 8475},
        },
        "provider": {
            "claude": {"requests": 2, "client_errors": 1, "duration_ms": 5229},
            "openai": {"requests": 2, "duration_ms": 1740},
            "gemini": {"requests": 2, "duration_ms": 8475},
        },
    }
    assert facts.created_at_ms == 1_764_879_160_000
    assert facts.watermark_ms == 1_764_919_860_000


def test_ids_that_repeat_are_given_up() -> None:
    """`log_0` comes with every start of the old app: the row gets a new id and remembers the old.

    Rule 4.5.3 of the format: rows are never taken for one another by their ids.
    """
    rows = facts_of("history-v0.1.4.json").requests
    assert [row.legacy_id for row in rows] == ["log_0", "log_1", "log_2"] * 2
    assert [row.id for row in rows] == [""] * 6
    assert [row.method for row in rows] == ["POST"] * 5 + ["GET"]
    kept = facts_of("history-v0.2.2.json").requests
    assert kept[0].id == "req_1766158865000_0"
    assert kept[0].legacy_id is None


def test_prerelease_history() -> None:
    """Rows with tokens, totals that agree with them: only the cost has no day, model or provider.

    In: 18240+1105+7730+0+45210+3001+9000 = 84286, out: 912+44+1288+0+2907+410 = 5561, as the
    file says. Times are 21:03-21:09 on 2 December and 06:58-07:07 on the 3rd at UTC+7. The rows'
    `unknown` provider stays, whatever we would detect today.
    """
    facts = facts_of("history-prerelease-2025-12-02.json")
    cost = {"cost_usd": Decimal("0.147487")}
    assert numbers(facts) == {
        "total": {
            "": {"requests": 7, "server_errors": 1, "tokens_in": 84286, "tokens_out": 5561, **cost}
        },
        "day": {
            "2025-12-02": {"requests": 3, "tokens_in": 27075, "tokens_out": 2244},
            "2025-12-03": {
                "requests": 4, "server_errors": 1, "tokens_in": 57211, "tokens_out": 3317,
            },
        },
        "undated": {"": cost},
        "hour": {
            "2025-12-02T21": {"requests": 3, "tokens_in": 27075, "tokens_out": 2244},
            "2025-12-03T06": {"requests": 1, "server_errors": 1},
            "2025-12-03T07": {"requests": 3, "tokens_in": 57211, "tokens_out": 3317},
        },
        "model": {
            "claude-sonnet-4-5-20250929": {"requests": 1, "tokens_in": 18240, "tokens_out": 912},
            "claude-haiku-4-5-20251001": {"requests": 1, "tokens_in": 1105, "tokens_out": 44},
            "gemini-2.5-pro": {"requests": 1, "tokens_in": 7730, "tokens_out": 1288},
            "gpt-5-codex": {
                "requests": 2, "server_errors": 1, "tokens_in": 45210, "tokens_out": 2907,
            },
            "kimi-k2": {"requests": 1, "tokens_in": 3001, "tokens_out": 410},
            "qwen3-coder-plus": {"requests": 1, "tokens_in": 9000},
            "unknown": cost,
        },
        "provider": {
            "claude": {"requests": 2, "tokens_in": 19345, "tokens_out": 956},
            "gemini": {"requests": 1, "tokens_in": 7730, "tokens_out": 1288},
            "openai": {
                "requests": 2, "server_errors": 1, "tokens_in": 45210, "tokens_out": 2907,
            },
            "qwen": {"requests": 1, "tokens_in": 9000},
            "unknown": {"requests": 1, "tokens_in": 3001, "tokens_out": 410, **cost},
        },
    }  # fmt: skip
    assert facts.created_at_ms == 1_764_684_191_428
    assert facts.watermark_ms == 1_764_720_450_009


def test_v0_2_2_history() -> None:
    """Eight rows without tokens, totals and two days with them.

    D19: the row of 19 December 18:15 UTC is of the 20th at UTC+7. D20: the rows' null tokens do
    not hide the day series. Totals 2481330 + 96412 = 2577742 = 1902004 + 675738: every token has
    a day, none a model or provider. The 21st gets 1902004 x 2481330 / 2577742 = 1830865 in, the
    22nd the other 650465. D22: the hours `00`, `08`, `09` are of no day and are left out.
    429, 499 and 500 keep their classes; count_tokens was counted then and stays.
    """
    facts = facts_of("history-v0.2.2.json")
    cost = {"cost_usd": Decimal("9.5071")}
    tokens = {"tokens_in": 2_481_330, "tokens_out": 96_412}
    both = {"client_gone": 1, "server_errors": 1}
    assert numbers(facts) == {
        "total": {
            "": {"requests": 8, "rate_limited": 1, "duration_ms": 53258, **both, **tokens, **cost},
        },
        "day": {
            "2025-12-19": {"requests": 2, "duration_ms": 6656},
            "2025-12-20": {"requests": 2, "rate_limited": 1, "duration_ms": 12518},
            "2025-12-21": {
                "requests": 2, "duration_ms": 32080, "tokens_in": 1_830_865, "tokens_out": 71_139,
            },
            "2025-12-22": {
                "requests": 2, "duration_ms": 2004, "tokens_in": 650_465, "tokens_out": 25_273,
                **both,
            },
        },
        "undated": {"": cost},
        "hour": {
            "2025-12-19T22": {"requests": 2, "duration_ms": 6656},
            "2025-12-20T01": {"requests": 2, "rate_limited": 1, "duration_ms": 12518},
            "2025-12-21T09": {"requests": 2, "duration_ms": 32080},
            "2025-12-22T08": {"requests": 2, "duration_ms": 2004, **both},
        },
        "model": {
            "unknown": {"requests": 5, "duration_ms": 8870, **both, **tokens, **cost},
            "gemini-3-pro-preview": {"requests": 1, "duration_ms": 12453},
            "gemini-2.5-flash": {"requests": 1, "rate_limited": 1, "duration_ms": 65},
            "claude-opus-4-5-thinking": {"requests": 1, "duration_ms": 31870},
        },
        "provider": {
            "claude": {"requests": 3, "duration_ms": 38736},
            "openai": {"requests": 2, "server_errors": 1, "duration_ms": 1004},
            "gemini": {"requests": 2, "rate_limited": 1, "duration_ms": 12518},
            "amazon": {"requests": 1, "client_gone": 1, "duration_ms": 1000},
            "unknown": {**tokens, **cost},
        },
    }  # fmt: skip
    assert facts.created_at_ms == 1_766_158_865_000
    assert facts.watermark_ms == END_OF_22_DEC
    assert any("3 hours without a date" in note for note in facts.notes)


V0_3_5_COST = {"cost_usd": Decimal("1.16286")}
V0_3_5_TOKENS = {"tokens_in": 310_220, "tokens_out": 15_480}
V0_3_5_22_DEC = {"tokens_in": 285_741, "tokens_out": 14_259}
V0_3_5_23_DEC = {"tokens_in": 24_479, "tokens_out": 1_221}


def test_v0_3_5_history() -> None:
    """D1: a history without totalTokensCached is read like any other.

    Three rows, as its own total says. 310220 + 15480 = 325700 = 300000 + 25700, so every token
    has a day: the 22nd gets 300000 x 310220 / 325700 = 285741 in, the 23rd the rest. The rows
    are of 19:05 on the 22nd and 07:59 on the 23rd at UTC+7.
    """
    facts = facts_of("history-v0.3.5.json")
    cost, tokens = V0_3_5_COST, V0_3_5_TOKENS
    failed = {"requests": 1, "server_errors": 1, "duration_ms": 30001}
    assert numbers(facts) == {
        "total": {"": {"requests": 3, "server_errors": 1, "duration_ms": 36381, **tokens, **cost}},
        "day": {
            "2025-12-22": {"requests": 2, "duration_ms": 6380, **V0_3_5_22_DEC},
            "2025-12-23": {**failed, **V0_3_5_23_DEC},
        },
        "undated": {"": cost},
        "hour": {"2025-12-22T19": {"requests": 2, "duration_ms": 6380}, "2025-12-23T07": failed},
        "model": {
            "claude-sonnet-4-5": {"requests": 2, "duration_ms": 6380},
            "gpt-5.1-codex": failed,
            "unknown": {**tokens, **cost},
        },
        "provider": {
            "claude": {"requests": 2, "duration_ms": 6380},
            "openai": failed,
            "unknown": {**tokens, **cost},
        },
    }
    assert facts.created_at_ms == 1_766_336_400_000
    assert facts.watermark_ms == END_OF_23_DEC


def test_v0_3_5_aggregate() -> None:
    """503 requests, 471 of them successful, agree with days, models and providers.

    Its 32 failures are those of the models (20 + 10 + 2) and of the providers (19 + 11 + 2;
    openai-compat is openai: 80 + 3 requests). No day says which requests failed and no request is
    undated, so the days share them in proportion to 212, 288, 2 and 1: 13.5, 31.8, 31.9 and 32
    after each day make 13, 18, 0 and 1.
    """
    facts = facts_of(None, "aggregate-v0.3.5.json")
    cost, tokens = V0_3_5_COST, V0_3_5_TOKENS
    assert numbers(facts) == {
        "total": {"": {"requests": 503, "other_failures": 32, **tokens, **cost}},
        "day": {
            "2025-12-19": {"requests": 212, "other_failures": 13},
            "2025-12-20": {"requests": 288, "other_failures": 18},
            "2025-12-22": {"requests": 2, **V0_3_5_22_DEC},
            "2025-12-23": {"requests": 1, "other_failures": 1, **V0_3_5_23_DEC},
        },
        "undated": {"": cost},
        "model": {
            "unknown": {"requests": 380, "other_failures": 20, **tokens, **cost},
            "claude-sonnet-4-5": {"requests": 120, "other_failures": 10},
            "gpt-5.1-codex": {"requests": 3, "other_failures": 2},
        },
        "provider": {
            "claude": {"requests": 420, "other_failures": 19},
            "openai": {"requests": 83, "other_failures": 13},
            "unknown": {**tokens, **cost},
        },
    }
    assert facts.requests == []
    assert facts.created_at_ms == 1_766_077_200_000
    assert facts.watermark_ms == END_OF_23_DEC
    assert facts.notes == []


def test_v0_3_5_pair() -> None:
    """The aggregate contains the three rows: the larger of both, never the sum.

    503 stays 503. The rows bring their durations and the class of one failure, the 502 of the
    23rd, of gpt-5.1-codex and of openai; the other 31 failures are the aggregate's. Of these the
    days share in proportion to the requests no row speaks of, 212 and 288: 13 and 18.
    """
    facts = facts_of("history-v0.3.5.json", "aggregate-v0.3.5.json")
    cost, tokens = V0_3_5_COST, V0_3_5_TOKENS
    failed = {"server_errors": 1, "duration_ms": 30001}
    assert numbers(facts) == {
        "total": {
            "": {
                "requests": 503, "server_errors": 1, "other_failures": 31, "duration_ms": 36381,
                **tokens, **cost,
            }
        },
        "day": {
            "2025-12-19": {"requests": 212, "other_failures": 13},
            "2025-12-20": {"requests": 288, "other_failures": 18},
            "2025-12-22": {"requests": 2, "duration_ms": 6380, **V0_3_5_22_DEC},
            "2025-12-23": {"requests": 1, **failed, **V0_3_5_23_DEC},
        },
        "undated": {"": cost},
        "hour": {
            "2025-12-22T19": {"requests": 2, "duration_ms": 6380},
            "2025-12-23T07": {"requests": 1, **failed},
        },
        "model": {
            "unknown": {"requests": 380, "other_failures": 20, **tokens, **cost},
            "claude-sonnet-4-5": {"requests": 120, "other_failures": 10, "duration_ms": 6380},
            "gpt-5.1-codex": {"requests": 3, "other_failures": 1, **failed},
        },
        "provider": {
            "claude": {"requests": 420, "other_failures": 19, "duration_ms": 6380},
            "openai": {"requests": 83, "other_failures": 12, **failed},
            "unknown": {**tokens, **cost},
        },
    }  # fmt: skip
    assert len(facts.requests) == 3
    assert facts.created_at_ms == 1_766_077_200_000
    assert facts.watermark_ms == END_OF_23_DEC


V0_3_90_COST: dict[str, int | Decimal] = {"cost_usd": Decimal("0.32901")}


def test_v0_3_90_history() -> None:
    """One row of 24 December, tokens of one session on 28 January.

    88120 + 4310 = 92430, the day's. Its hours 80000 + 12430 fit into the day and are split like
    it: 80000 x 88120 / 92430 = 76269 in, the rest at 22 o'clock. Cached tokens have no day.
    """
    facts = facts_of("history-v0.3.90.json")
    tokens = {"tokens_in": 88_120, "tokens_out": 4_310}
    rest = {"tokens_cached": 61_000, **V0_3_90_COST}
    row = {"requests": 1, "duration_ms": 12453}
    assert numbers(facts) == {
        "total": {"": {**row, **tokens, **rest}},
        "day": {"2025-12-24": row, "2026-01-28": tokens},
        "undated": {"": rest},
        "hour": {
            "2025-12-24T15": row,
            "2026-01-28T09": {"tokens_in": 76_269, "tokens_out": 3_731},
            "2026-01-28T22": {"tokens_in": 11_851, "tokens_out": 579},
        },
        "model": {"antigravity-claude-sonnet-4-5": row, "unknown": {**tokens, **rest}},
        "provider": {"antigravity": row, "unknown": {**tokens, **rest}},
    }
    assert facts.created_at_ms == 1_766_564_061_000
    assert facts.watermark_ms == END_OF_28_JAN


V0_3_90_TOKENS = {"tokens_in": 39_088_120, "tokens_out": 1_004_310}
V0_3_90_CACHED = {"tokens_cached": 30_061_000}
V0_3_90_DAYS = {
    "2025-12-22": {"requests": 2, "tokens_in": 292_485, "tokens_out": 7_515},
    "2026-01-27": {"requests": 640, "tokens_in": 8_891_934, "tokens_out": 228_466},
    "2026-01-28": {"requests": 5, "tokens_in": 90_115, "tokens_out": 2_315},
}
V0_3_90_HOURS = {
    "2026-01-27T23": {"requests": 31},
    "2026-01-28T09": {"requests": 4, "tokens_in": 77_996, "tokens_out": 2_004},
    "2026-01-28T22": {"requests": 1, "tokens_in": 12_119, "tokens_out": 311},
}
V0_3_90_UNDATED: dict[str, int | Decimal] = {
    "requests": 562,
    "other_failures": 41,
    "tokens_in": 39_088_120 - 9_274_534,
    "tokens_out": 1_004_310 - 238_296,
    **V0_3_90_CACHED,
    **V0_3_90_COST,
}
V0_3_90_MODELS: dict[str, dict[str, int | Decimal]] = {
    "claude-sonnet-4-5": {
        "requests": 5, "tokens_in": 88_120, "tokens_out": 4_310, "tokens_cached": 61_000,
    },
    "gpt-5.2-codex": {
        "requests": 1204, "other_failures": 41, "tokens_in": 39_000_000, "tokens_out": 1_000_000,
        "tokens_cached": 30_000_000,
    },
    "unknown": V0_3_90_COST,
}  # fmt: skip
V0_3_90_PROVIDERS: dict[str, dict[str, int | Decimal]] = {
    "claude": {"requests": 480, "other_failures": 25},
    "unknown": {
        "requests": 729,
        "other_failures": 16,
        **V0_3_90_TOKENS,
        **V0_3_90_CACHED,
        **V0_3_90_COST,
    },
}


def test_v0_3_90_aggregate() -> None:
    """Total 1203, success 1209, failures 41, days 647, models 1209: D28 in one file.

    Requests: the largest claim, the models' 5 + 1204 = 1209. Days have 647, so 562 are undated;
    the provider claude has 480 of them, so 729 are unknown. Failures were counted one by one, 41;
    success is at most 1209 - 41 = 1168. The 41 have no day and fit into the undated requests.
    Providers: 480 - 455 = 25 are claude's, 16 unknown. The models claim none and `unknown` has no
    request to fail, so they share in proportion to 5 and 1204: 41 x 5 / 1209 is 0, the rest 41.

    Tokens (D7, D9: fallen totals): the models' 88120 + 39000000 in and 4310 + 1000000 out are
    more than the file's totals and than the days' 9512830, which get 9512830 x 39088120 /
    40092430 = 9274534 in; 292485.0, 9184419.4 and 9274534 of these after each day. The hours of
    the 28th, 80000 + 12430, fit into its 92430: 80000 x 90115 / 92430 = 77996 in.
    """
    facts = facts_of(None, "aggregate-v0.3.90.json")
    assert numbers(facts) == {
        "total": {
            "": {
                "requests": 1209,
                "other_failures": 41,
                **V0_3_90_TOKENS,
                **V0_3_90_CACHED,
                **V0_3_90_COST,
            }
        },
        "day": V0_3_90_DAYS,
        "undated": {"": V0_3_90_UNDATED},
        "hour": V0_3_90_HOURS,
        "model": V0_3_90_MODELS,
        "provider": V0_3_90_PROVIDERS,
    }
    assert facts.sums["total", ""].success == 1168
    assert facts.created_at_ms == 1_766_336_400_000
    assert facts.watermark_ms == END_OF_28_JAN
    said = (
        "requests: the file contradicts itself: its total is 1,203, its rows and days give 1,209; "
        "1,209 is used"
    )
    assert said in facts.notes


def check_v0_3_90_pair(facts: ImportedFacts) -> None:
    row = {"requests": 1, "duration_ms": 12453}
    codex = {**V0_3_90_MODELS["gpt-5.2-codex"], "duration_ms": 12453}
    assert numbers(facts) == {
        "total": {
            "": {
                "requests": 1209,
                "other_failures": 41,
                "duration_ms": 12453,
                **V0_3_90_TOKENS,
                **V0_3_90_CACHED,
                **V0_3_90_COST,
            }
        },
        "day": {**V0_3_90_DAYS, "2025-12-24": row},
        "undated": {"": {**V0_3_90_UNDATED, "requests": 561}},
        "hour": {**V0_3_90_HOURS, "2025-12-24T15": row},
        "model": {**V0_3_90_MODELS, "gpt-5.2-codex": codex},
        "provider": {
            **V0_3_90_PROVIDERS,
            "antigravity": row,
            "unknown": {**V0_3_90_PROVIDERS["unknown"], "requests": 728},
        },
    }
    assert facts.sums["total", ""].success == 1168
    assert facts.created_at_ms == 1_766_336_400_000
    assert facts.watermark_ms == END_OF_28_JAN


def test_v0_3_90_pair() -> None:
    """The largest of total 1203, rows 1, days 647 and models 1209 is the total: 1209.

    The models claim all 1209, so the row of a model they lack was claimed under another one: the
    one with most to spare. Its day has room: 647 + 1, and 561 undated; its provider too: 480 + 1,
    and 728 unknown. Success is 1209 - 41 = 1168.
    """
    check_v0_3_90_pair(facts_of("history-v0.3.90.json", "aggregate-v0.3.90.json"))


def test_v0_4_43_bundle() -> None:
    """The export of v0.4.43 holds the pair of v0.3.90 in one file, and is read like it.

    It was exported on 11 July 2026, long after its newest day, so the day's end is the watermark.
    """
    old = read_bundle(sample("export-v0.4.43.json"), UTC_PLUS_7)
    assert old.unreadable == []
    assert old.facts is not None
    check_v0_3_90_pair(old.facts)
