"""Who buys in the next 30 days: the daily training as it is, against logistic regression on recency, frequency and
value alone."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from opsplug.events import Event, Item
from opsplug.features.shoplog import ShopLog, shop_log
from opsplug.models.visitors.propensity import calibration_error
from opsplug.training.propensity import BUYS, Past, columns, fit_at, rfm_probability, rows_at

RETAIL = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "retail" / "online_retail.csv.gz"


def retail() -> ShopLog:
    """Every line of a known customer; a negative quantity is a return."""
    frame = pd.read_csv(RETAIL, dtype={"InvoiceNo": str, "StockCode": str}).dropna(subset=["CustomerID"])
    frame["at"] = pd.to_datetime(frame["InvoiceDate"]).astype("datetime64[ms]").astype("int64")
    frame["who"] = frame["CustomerID"].astype(int).astype(str)
    events = []
    for (order, who, at), lines in frame.groupby(["InvoiceNo", "who", "at"], sort=False):
        back = lines["Quantity"].iloc[0] < 0
        items = [
            Item(item_id=code, price=float(price), quantity=abs(float(quantity)))
            for code, price, quantity in zip(lines["StockCode"], lines["UnitPrice"], lines["Quantity"], strict=True)
        ]
        told = {"event": "refund" if back else "purchase", "user_id": who, "properties": {"transaction_id": order}}
        events.append(Event(event_id=f"{order}/{at}", timestamp=at, received_at=at, items=items, **told))
    return shop_log(events)


def main() -> None:
    log = retail()
    print("cut-off     model     AUROC     AP    ECE   base rate  mean said")
    for cut in sys.argv[1:] or ("2011-09-09", "2011-10-09", "2011-11-09"):
        now = pd.Timestamp(cut).timestamp()
        start = time.process_time()
        fitted = fit_at(Past(log.before(now)), now, BUYS)
        seconds = time.process_time() - start
        if fitted is None:
            raise SystemExit("too little data")
        model, rows = fitted
        asked = rows_at(Past(log), [now], BUYS, BUYS.horizon)
        for name, guess in (
            ("ours", model.predict_proba(columns(asked.matrix))[:, 1]),
            ("rfm", rfm_probability(rows, asked.matrix)),
        ):
            print(
                f"{cut}  {name:6} {roc_auc_score(asked.labels, guess):8.4f} "
                f"{average_precision_score(asked.labels, guess):7.4f} {calibration_error(asked.labels, guess):6.4f} "
                f"{asked.labels.mean():7.3f} {guess.mean():7.3f}"
            )
        print(f"            {model.name}, {len(rows.labels)} rows, {seconds:.1f} CPU s; {model.metrics}")


if __name__ == "__main__":
    main()
