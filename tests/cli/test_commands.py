"""Every command as a person or a script uses it: exit codes, JSON, and what stands on which stream."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from opsplug import reasons
from opsplug.cli.app import _COMMANDS
from tests.support.command_line import (
    Run,
    run,  # noqa: F401  (a fixture)
)

ORDERS = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\n" + "".join(
    f"{order},item{(order + line) % 7},Thing {(order + line) % 7},1,2021-01-{1 + order % 28:02d} 10:00:00,{2 + line},u{order % 9}\n"
    for order in range(40)
    for line in range(3)
)
MAPPING = [
    f"--map={ours}={theirs}"
    for ours, theirs in {
        "transaction_id": "InvoiceNo", "item_id": "StockCode", "item_name": "Description", "quantity": "Quantity",
        "timestamp": "InvoiceDate", "price": "UnitPrice", "user_id": "CustomerID",
    }.items()
]  # fmt: skip


@pytest.fixture
def shop(run: Run, tmp_path: Path) -> Run:
    """A store with forty orders in the working directory."""
    (tmp_path / "orders.csv").write_text(ORDERS)
    done = run("import", "--events", "orders.csv", *MAPPING, "--currency", "GBP", "--items-from-events", "--json")
    assert done.code == 0, done.err
    assert done.json["events"]["stored"] == 40
    return run


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_has_help_that_says_what_it_is_for(run: Run, name: str) -> None:
    done = run(name, "--help")
    assert done.code == 0
    assert len(done.out.splitlines()) > 4


def test_the_group_lists_them_all(run: Run) -> None:
    done = run("--help")
    assert all(f"\n  {name} " in done.out for name in _COMMANDS)
    assert run("--version").out.startswith("opsplug ")


def test_help_does_not_load_what_only_training_needs() -> None:
    code = (
        "import sys; from opsplug.cli.app import group\n"
        "try: group.main(['--help'], standalone_mode=False)\n"
        "except SystemExit: pass\n"
        "assert not {'sklearn', 'scipy', 'textblob', 'nltk', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("name", ["status", "train", "evaluate", "recommend", "explain", "export"])
def test_a_store_that_is_not_there_is_named_and_none_is_made(run: Run, tmp_path: Path, name: str) -> None:
    done = run(name, *(["events", "-"] if name == "export" else []))
    assert done.code == 2
    assert "--store" in done.err and "opsplug.db" in done.err
    assert list(tmp_path.iterdir()) == []


def test_wrong_use_is_two_and_names_the_remedy(run: Run) -> None:
    assert run("nonsense").code == 2
    assert run("import").code == 2
    assert run("import", "--events", "none.csv").code == 2
    assert run("migrate", "--store", "mysql://x").code == 2


def test_an_import_tells_what_it_left_out_and_writes_the_list(shop: Run, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("item_id,timestamp,user_id\nmug,1600000000,u1\nmug,soon,u1\n")
    done = shop("import", "--events", "more.csv", "--report", "left.csv")
    assert done.code == 0
    assert "2 = 1 taken + 1 left out" in done.out
    assert "line 3: timestamp: 'soon'" in done.out
    assert (tmp_path / "left.csv").read_text().splitlines()[1].startswith("events,3,bad timestamp,")
    assert shop("import", "--events", "more.csv", "--strict").code == 1
    (tmp_path / "bad.csv").write_text("item_id,timestamp,user_id\nmug,soon,u1\n")
    assert shop("import", "--events", "bad.csv").code == 1


def test_a_second_import_doubles_nothing(shop: Run) -> None:
    again = shop("import", "--events", "orders.csv", *MAPPING, "--currency", "GBP", "--json").json["events"]
    assert (again["stored"], again["known already"]) == (0, 40)


def test_export_and_import_into_another_store(shop: Run, tmp_path: Path) -> None:
    assert shop("export", "events", "out.jsonl.gz").code == 0
    assert shop("export", "items", "items.csv").code == 0
    done = shop("import", "--store", "b.db", "--events", "out.jsonl.gz", "--items", "items.csv", "--json")
    assert done.json["events"]["stored"] == 40
    assert done.json["items"]["items"] == 7
    assert shop("export", "orders", "-", "--store", "b.db").out == shop("export", "orders", "-").out
    assert (tmp_path / "out.jsonl.gz").stat().st_mode & 0o777 == 0o600


def test_train_evaluate_models_recommend_and_explain(shop: Run) -> None:
    assert shop("models").out.startswith("No model")
    (report,) = shop("train", "--json").json
    assert report["promoted"] is True
    verdict = shop("evaluate", "--json").json
    assert verdict["promote"] is True, "on the same events it is judged as the training judged it"
    assert verdict["reason"] == report["reason"]
    (version,) = shop("models", "list", "--json").json
    assert version["in_use"] and version["version"] == report["version"]
    assert shop("models", "use", "recommendations", version["version"]).code == 0
    assert shop("models", "rollback").code == 1
    found = shop("recommend", "--item-id", "item1", "-k", "3", "--json").json
    assert len(found["items"]) == 3
    assert "item1" not in [item["item_id"] for item in found["items"]]
    told = shop("explain", found["items"][0]["item_id"], "--item-id", "item1", "-k", "3", "--json").json
    assert told["wanted"].endswith("is shown in place 1.")
    unknown = shop("explain", "nothing", "--item-id", "item1")
    assert (unknown.code, unknown.out) == (1, "")
    assert "'nothing' is neither an item of this shop nor the id of a recommendation" in unknown.err
    assert "rung" in shop("recommend", "--history", "item1,item2").out


def test_status_and_doctor(shop: Run, tmp_path: Path) -> None:
    told = shop("status", "--json").json
    assert told["events"] == 40
    healthy = shop("doctor", "--json")
    assert healthy.code == 0 and healthy.json["ok"]
    (tmp_path / "opsplug.db").chmod(0o644)
    ill = shop("doctor")
    assert ill.code == 1
    assert "PROBLEM permissions" in ill.out and "chmod 600" in ill.out


def test_doctor_names_a_damaged_store_and_a_missing_one(run: Run, tmp_path: Path) -> None:
    missing = run("doctor", "--json")
    assert missing.code == 0
    assert not (tmp_path / "opsplug.db").exists()
    (tmp_path / "opsplug.db").write_bytes(b"this is no database" * 500)
    assert run("doctor").code == 1


def test_doctor_counts_what_was_lost(shop: Run, tmp_path: Path) -> None:
    from opsplug import Engine

    engine = Engine(testing=True, store=f"sqlite:///{tmp_path}/opsplug.db")
    engine.store.add_counts({"events_lost": 2, "errors.web": 1})
    engine.close()
    checks = shop("doctor", "--json").json["checks"]
    found = {check["detail"].split(". ")[0]: check["state"] for check in checks if check["name"] == "counters"}
    assert found == {"events_lost: 2": "problem", "errors.web: 1": "warning"}
    lost = next(check for check in checks if check["detail"].startswith("events_lost"))
    assert lost["detail"].endswith(reasons.meaning("events_lost", "en"))
    assert lost["remedy"] == reasons.remedy("events_lost", "en")
    assert "could not answer" in shop("status").out


def test_doctor_names_what_only_looks_like_a_setting(shop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSPLUG_RETENTION_DAY", "30")
    told = shop("doctor")
    assert told.code == 0
    assert "OPSPLUG_RETENTION_DAY is no setting; OPSPLUG_RETENTION_DAYS?" in told.out


def test_a_column_that_is_none_of_ours_is_wrong_use(run: Run, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("item_id,timestamp,user_id\na,1700000000,u\n")
    near = run("import", "--events", str(tmp_path / "events.csv"), "--map", "itemid=item_id")
    assert near.code == 2 and "did you mean 'item_id'?" in near.err
    far = run("import", "--events", str(tmp_path / "events.csv"), "--map", "foo=item_id")
    assert far.code == 2 and "transaction_id" in far.err


def test_migrate(run: Run) -> None:
    assert run("migrate", "--json").json["applied"]
    assert run("migrate", "--json").json["applied"] == []


def test_knowledge(run: Run, tmp_path: Path) -> None:
    (tmp_path / "k.csv").write_text("id,question,answer\nreturns,How do I return it?,Send it back.\nx,,\n")
    done = run("knowledge", "import", "k.csv", "--json").json
    assert (done["changed"], [bad["line"] for bad in done["bad"]]) == (1, [3])
    assert run("knowledge", "list", "--json").json[0]["id"] == "returns"
    assert run("knowledge", "remove", "returns").code == 0
    assert run("knowledge", "remove", "returns").code == 1


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("from flask import Flask\nshop = Flask(__name__)\n", "OpsPlug(shop)"),
        ("import fastapi\napi: fastapi.FastAPI = fastapi.FastAPI()\n", "api.add_middleware(OpsPlugMiddleware)"),
        ("print('no shop')\n", "and for FastAPI and Starlette"),
    ],
)
def test_init_prints_the_line_and_changes_nothing(run: Run, tmp_path: Path, code: str, lines: str) -> None:
    (tmp_path / "shop.py").write_text(code)
    done = run("init")
    assert done.code == 0 and lines in done.out
    assert [entry.name for entry in tmp_path.iterdir()] == ["shop.py"]


def test_a_worker_does_what_is_due_and_ends_at_sigterm(shop: Run, tmp_path: Path) -> None:
    assert shop("worker", "--once").code == 0
    assert len(shop("models", "list", "--json").json) == 1
    process = subprocess.Popen(
        [sys.executable, "-c", "from opsplug.cli import main; main()", "worker"], cwd=tmp_path, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    assert b"Working on" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 0
    process.stderr.close()


def test_a_flask_shops_store_is_found_from_the_shops_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "instance").mkdir()
    assert run("migrate", "--store", "instance/opsplug.db").code == 0
    assert run("status", "--json").json["store"] == "sqlite:///instance/opsplug.db"
    assert run("migrate", "--store", "opsplug.db").code == 0
    assert run("status", "--json").json["store"] == "sqlite:///opsplug.db"


def test_a_folder_that_cannot_be_made_is_one_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "file").write_text("")
    done = run("import", "--store", "file/opsplug.db", "--events", "orders.csv")
    assert done.code != 0
    assert done.err.startswith("opsplug: ") and "Traceback" not in done.err


def test_knowledge_from_help_texts_and_suggestions(run: Run, tmp_path: Path) -> None:
    (tmp_path / "faq.md").write_text("# Delivery\nIn 3 days.\n\nQ: How long does the delivery take?\nA: 3 days.\n")
    (tmp_path / "k.csv").write_text("id,question,answer\nd,How long does delivery take?,5 days.\n")
    assert run("knowledge", "import", "faq.md", "k.csv", "--json").json == {"changed": 3, "bad": []}
    checked = run("knowledge", "check", "--json")
    assert checked.code == 1 and {problem["kind"] for problem in checked.json} == {"contradiction"}
    assert "no suggestions" in run("knowledge", "suggestions").out
    refused = run("knowledge", "import", "--page", "/help", "--shop", "http://shop.example")
    assert refused.code == 1 and "this machine" in refused.err
    assert run("knowledge", "approve", "none", "--by", "kim").code == 1
