"""`opsplug explain RECOMMENDATION_ID`, and what `opsplug evaluate` says of the order by clicks."""

from __future__ import annotations

from pathlib import Path

from opsplug import Engine
from tests.support.command_line import Run, run

__all__ = ["run"]


def shop(folder: Path) -> tuple[Engine, str, list[str]]:
    engine = Engine(store=f"sqlite:///{folder}/opsplug.db", testing=True)
    engine.catalog.upsert(
        {"item_id": f"item{n}", "item_name": f"Mug {n}", "item_category": "Kitchen"} for n in range(9)
    )
    answer = engine.recommend(anonymous_id="v", k=4)
    shown = [one.item_id for one in answer.items]
    engine.track(
        "view_item_list", items=[{"item_id": item, "index": n} for n, item in enumerate(shown)], anonymous_id="v",
        properties={"recommendation_id": answer.recommendation_id},
    )  # fmt: skip
    assert engine.flush()
    return engine, answer.recommendation_id, shown


def test_a_list_that_was_shown_is_told_again(run: Run, tmp_path: Path) -> None:
    engine, rec, shown = shop(tmp_path)
    engine.close()
    told = run("explain", rec, "--json").json
    assert told["shown"] == shown
    assert [one["item_id"] for one in told["again"]["items"]][:4] == shown
    assert told["doubts"] == []
    text = run("explain", rec).out
    assert "home, 20" in text
    assert all(item in text for item in shown)


def test_an_id_that_is_not_ours_is_an_error(run: Run, tmp_path: Path) -> None:
    engine, rec, _ = shop(tmp_path)
    engine.close()
    for wrong in ("A" * 32, rec[:-1], "item99", ""):
        done = run("explain", wrong)
        assert (done.code, done.out) == (1, ""), wrong
        assert "nor the id of a recommendation that opsplug made" in done.err


def test_evaluate_says_how_much_is_missing_for_an_order_by_clicks(run: Run, tmp_path: Path) -> None:
    engine, _, _ = shop(tmp_path)
    engine.close()
    told = run("evaluate", "--json").json
    assert told["slots"]["home"]["reason"] == "not enough data yet (0 of 200 clicks to judge by)"
    assert "0 of 200 clicks" in run("evaluate").out
