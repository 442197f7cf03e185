"""Imports the whole Online Retail file twice: seconds of CPU, peak memory, and an account of every line.

python benchmarks/import_retail.py
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[1]
RETAIL = ROOT / ".." / "shared" / "data" / "retail" / "online_retail.csv.gz"
COLUMNS = {
    "item_id": "StockCode", "item_name": "Description", "timestamp": "InvoiceDate", "transaction_id": "InvoiceNo",
    "user_id": "CustomerID", "quantity": "Quantity", "price": "UnitPrice",
}  # fmt: skip
GOAL_MB = 500


def once(url: str) -> None:
    """In a process of its own, so that its memory is the import's."""
    from opsplug.privacy.keys import Keys
    from opsplug.services.catalog import Catalog
    from opsplug.services.transfer.importer import ImportOptions, import_events
    from opsplug.store import open_store

    store = open_store(url)
    store.migrate()
    before = _peak_mb()
    started, cpu = time.monotonic(), time.process_time()
    options = ImportOptions(
        columns=COLUMNS, event="purchase", currency="GBP", cancelled_prefix="C", paid_only=True, items=True,
        zone=ZoneInfo("Europe/London"),
    )  # fmt: skip
    report = import_events(store, RETAIL, Keys(b"k" * 32).pseudonym, options, put_items=Catalog(store).upsert)
    told = {
        **report.to_dict(),
        "adds up": report.adds_up,
        "cpu_s": round(time.process_time() - cpu, 1),
        "wall_s": round(time.monotonic() - started, 1),
        "start_mb": round(before),
        "peak_mb": round(_peak_mb()),
        "store_mb": round(store.size_bytes() / 1e6, 1),
    }
    store.close()
    print(json.dumps(told))


def _peak_mb() -> float:
    """Not getrusage: what it says of a child begins with the parent's size."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> int:
    if not RETAIL.exists():
        print(f"skipped: {RETAIL} is absent")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/retail.db"
        runs = [
            json.loads(
                subprocess.run([sys.executable, __file__, url], check=True, capture_output=True, text=True).stdout
            )
            for _ in range(2)
        ]
    first = runs[0]
    print(f"lines {first['lines']:,}: taken {first['taken']}, skipped {first['skipped']}, adds up: {first['adds up']}")
    print(f"seen (may overlap): {first['seen']}")
    print("import  events  stored  items  CPU s  wall s  peak MB  store MB")
    for name, run in zip(("first", "second"), runs, strict=True):
        print(
            f"{name:7} {run['events']:6,} {run['stored']:7,} {run['items']:6,} {run['cpu_s']:6} {run['wall_s']:7} "
            f"{run['peak_mb']:8} {run['store_mb']:9}"
        )
    good = all(run["adds up"] and run["peak_mb"] < GOAL_MB for run in runs) and runs[1]["stored"] == 0
    print(
        "holds" if good else "DOES NOT HOLD", f"(goal: under {GOAL_MB} MB, nothing doubled, every line accounted for)"
    )
    return 0 if good else 1


if __name__ == "__main__":
    if len(sys.argv) > 1:
        once(sys.argv[1])
    else:
        sys.exit(main())
