"""The harness's contract over the public `Engine`: events and items are imported, `train`, then `recommend`."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from opsplug import Engine
from opsplug.services.transfer import import_events


class Recommender:
    """One shop in a folder of its own; what the engine does to events (cleaning, ladder) is part of the figure."""

    def __init__(self, repeats: bool = False) -> None:
        self.repeats = repeats
        self.folder = Path(tempfile.mkdtemp(prefix="opsplug-benchmark-"))
        self.engine = Engine(
            store=f"sqlite:///{self.folder}/shop.db", models=str(self.folder / "models"), testing=True, holdout=0.0
        )
        self.report: dict[str, Any] = {}

    def fit(self, interactions: Any, items: Any) -> None:
        began = time.process_time()
        file = self.folder / "events.csv"
        columns = {"user": "user_id", "item": "item_id"}
        interactions[["user", "item", "timestamp"]].rename(columns=columns).to_csv(file, index=False)
        if items is not None:
            self.engine.catalog.upsert(
                {"item_id": row["item"], "item_name": row["title"], "item_category": row["category"]}
                for row in items.to_dict("records")
            )
        self.newest = float(interactions["timestamp"].max())
        imported = import_events(self.engine.store, file, self.engine.keys.pseudonym)
        read = time.process_time() - began
        began = time.process_time()
        reports = self.engine.train(["recommendations"], now=self.newest)
        self.report = {
            "stored": imported.stored, "import_cpu_s": round(read, 1),
            "train_cpu_s": round(time.process_time() - began, 1), "reason": reports[0].reason,
            "interactions": reports[0].metrics.get("interactions"),
        }  # fmt: skip
        if not reports[0].promoted:
            raise SystemExit(f"nothing to serve: {reports[0].reason}")

    def recommend(
        self, history: Any, k: int, *, now: float = 0.0, exclude: Any = (), candidates: Any = None, **_: Any
    ) -> list[str]:
        found = self.engine.recommend(
            history=[(item, float(at)) for item, at in history], k=k, now=float(now or self.newest),
            exclude=list(exclude), candidates=None if candidates is None else list(candidates), repeats=self.repeats,
        )  # fmt: skip
        return [item.item_id for item in found.items]

    def __del__(self) -> None:
        self.engine.close()
        shutil.rmtree(self.folder, ignore_errors=True)
