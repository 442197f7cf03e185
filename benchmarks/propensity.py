"""Who buys in the next 30 days: the model against logistic regression on recency, frequency and value."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from opsplug.features.visitors import visitor_features
from opsplug.models.propensity import PropensityModel, calibration_error

DAY = 86400.0
RETAIL = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "retail" / "online_retail.csv.gz"


def lines() -> pd.DataFrame:
    frame = pd.read_csv(RETAIL, dtype={"InvoiceNo": str, "StockCode": str}).dropna(subset=["CustomerID"])
    frame["time"] = pd.to_datetime(frame["InvoiceDate"]).astype("datetime64[s]").astype("int64").astype(float)
    frame["value"] = frame["Quantity"] * frame["UnitPrice"]
    frame["who"] = frame["CustomerID"].astype(int).astype(str)
    return frame


def table(frame: pd.DataFrame, now: float) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    known = frame[frame["time"] < now]
    features = visitor_features(
        known["who"].to_numpy(),
        known["time"].to_numpy(),
        known["InvoiceNo"].to_numpy(),
        known["StockCode"].to_numpy(),
        known["value"].to_numpy(),
        now,
    )
    later = frame[(frame["time"] >= now) & (frame["time"] < now + 30 * DAY) & (frame["value"] > 0)]
    return features.matrix, np.isin(features.visitors.astype(str), later["who"].unique().astype(str)), features.names


def main() -> None:
    frame = lines()
    print("cut-off     model     AUROC     AP    ECE   base rate")
    for cut in ("2011-09-09", "2011-10-09", "2011-11-09"):
        now = pd.Timestamp(cut).timestamp()
        start = time.process_time()
        snapshots = [now - 30 * DAY - k * 15 * DAY for k in range(9)][::-1]
        parts = [table(frame, moment) for moment in snapshots]
        X, y = np.vstack([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        times = np.concatenate([np.full(len(p[1]), t) for p, t in zip(parts, snapshots, strict=True)])
        model = PropensityModel().fit(pd.DataFrame(X, columns=parts[0][2]), y, times)
        seconds = time.process_time() - start
        test, truth, names = table(frame, now)
        rfm = make_pipeline(
            FunctionTransformer(lambda a: np.log1p(np.maximum(a[:, :3], 0))), StandardScaler(), LogisticRegression()
        )
        rfm.fit(X, y)
        for name, guess in (
            ("ours", model.predict_proba(pd.DataFrame(test, columns=names))[:, 1]),
            ("rfm", rfm.predict_proba(test)[:, 1]),
        ):
            print(
                f"{cut}  {name:6} {roc_auc_score(truth, guess):8.4f} {average_precision_score(truth, guess):7.4f} "
                f"{calibration_error(truth, guess):6.4f} {truth.mean():7.3f} {guess.mean():7.3f}"
            )
        print(f"            {model.name}, {len(y)} rows, {seconds:.1f} CPU s")


if __name__ == "__main__":
    main()
