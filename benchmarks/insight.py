"""The insight jobs over the whole Online Retail file: seconds of CPU and peak memory of each, and what they find.

python benchmarks/insight.py
"""

import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[1]
RETAIL = ROOT / ".." / "shared" / "data" / "retail" / "online_retail.csv.gz"
COLUMNS = {
    "item_id": "StockCode", "item_name": "Description", "timestamp": "InvoiceDate", "transaction_id": "InvoiceNo",
    "user_id": "CustomerID", "quantity": "Quantity", "price": "UnitPrice",
}  # fmt: skip
JOBS = ("series", "visits", "findings", "alerts", "forecasts", "propensity", "profiles")
NOW = datetime(2011, 12, 9, 13, 30, tzinfo=UTC).timestamp()
GOAL_CPU_S, GOAL_MB = 60, 600


def one(url: str, name: str) -> None:
    """In a process of its own, as the schedule runs it."""
    from opsplug.engine.jobs import JOBS as KNOWN
    from opsplug.store import open_store
    from opsplug.training.run.artefacts import Artefacts
    from opsplug.training.run.job import Work, jobs_named

    store = open_store(url)
    artefacts = Artefacts(Path(url.removeprefix("sqlite:///")).parent / "models", b"k" * 32)
    said: list[str] = []
    cpu = time.process_time()
    jobs_named([name], KNOWN)[0].run(
        Work(store, artefacts, now=NOW, options={"timezone": "Europe/London", "language": "en"}, say=said.append)
    )
    status = Path("/proc/self/status").read_text()
    told = {
        "cpu_s": round(time.process_time() - cpu, 1),
        "peak_mb": round(int(status.split("VmHWM:")[1].split()[0]) / 1024),
        "said": said[-1] if said else "",
        "store_mb": round(store.size_bytes() / 1e6, 1),
    }
    store.close()
    print(json.dumps(told))


def main() -> int:
    if not RETAIL.exists():
        print(f"skipped: {RETAIL} is absent")
        return 0
    from opsplug.engine.jobs import JOBS as KNOWN
    from opsplug.privacy.keys import Keys
    from opsplug.services.catalog import Catalog
    from opsplug.services.measures.messages import alarm_sentence
    from opsplug.services.measures.reader import SeriesReader, item_names
    from opsplug.services.transfer.importer import ImportOptions, import_events
    from opsplug.store import open_store

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/retail.db"
        store = open_store(url)
        options = ImportOptions(
            columns=COLUMNS, event="purchase", currency="GBP", cancelled_prefix="C", paid_only=True, items=True,
            zone=ZoneInfo("Europe/London"),
        )  # fmt: skip
        import_events(store, RETAIL, Keys(b"k" * 32).pseudonym, options, put_items=Catalog(store).upsert)
        known = {job.name for job in KNOWN}
        total, peak = 0.0, 0
        print("job          CPU s  peak MB  store MB  what it said")
        for name in [*(job for job in JOBS if job in known), "series"]:
            run = subprocess.run([sys.executable, __file__, url, name], capture_output=True, text=True)
            if run.returncode:
                print(f"{name:12} failed: {run.stderr.strip().splitlines()[-1]}")
                return 1
            told = json.loads(run.stdout)
            total, peak = total + told["cpu_s"], max(peak, told["peak_mb"])
            print(f"{name:12} {told['cpu_s']:5} {told['peak_mb']:8} {told['store_mb']:9}  {told['said']}")
        print(
            f"together {total:.1f} CPU s (goal {GOAL_CPU_S}), peak {peak} MB (goal {GOAL_MB}); the last is a second run"
        )
        reader = SeriesReader(store, "Europe/London")
        for alarm in reader.alarms(0):
            records = store.get_items([c["value"] for g in alarm["causes"] for c in g if c["dimension"] == "product"])
            print(
                "-", alarm_sentence(alarm, "en", reader.clock.zone, "GBP", lambda item, r=records: item_names(r, item))
            )
        store.close()
    good = total <= GOAL_CPU_S and peak <= GOAL_MB
    print("holds" if good else "DOES NOT HOLD")
    return 0 if good else 1


if __name__ == "__main__":
    if len(sys.argv) > 1:
        one(sys.argv[1], sys.argv[2])
    else:
        sys.exit(main())
