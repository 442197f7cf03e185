"""Build the demo shop's data from UCI Online Retail (CC BY 4.0): python tools/build_demo_data.py

Reads ../shared/data/retail/online_retail.csv.gz, writes opsplug/demo/data/items.jsonl.gz and orders.jsonl.gz.
The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from demo_names import categorise, clean_name

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / ".." / "shared" / "data" / "retail" / "online_retail.csv.gz"
TARGET = ROOT / "opsplug" / "demo" / "data"
GOODS = r"\d{5}[A-Z]{0,2}"  # every other code is postage, a fee, a sample or a correction
NOT_FOR_THIS_SHOP = ("NEXT DAY CARRIAGE", "SEX BOMB", "CASH+CARRY", "POLYESTER FILLER")
MOST_LINES = 200  # larger orders stock a whole shop; an event holds no more items either
RECENT_DAYS = 75  # an item nobody bought for this long is shown as sold out


def read_lines(source: Path) -> pd.DataFrame:
    """The customers' own purchases: no cancellations, guests, free lines, fees or exact duplicates."""
    lines = pd.read_csv(source, dtype={"InvoiceNo": str, "StockCode": str, "CustomerID": str})
    lines = lines.drop_duplicates()
    lines["CustomerID"] = lines.CustomerID.str.removesuffix(".0")
    lines["StockCode"] = lines.StockCode.str.upper()
    lines["Description"] = lines.Description.fillna("").str.strip()
    good = (
        ~lines.InvoiceNo.str.startswith("C")
        & lines.CustomerID.notna()
        & (lines.Quantity > 0)
        & (lines.UnitPrice > 0)
        & lines.StockCode.str.fullmatch(GOODS)
        & ~lines.Description.str.upper().str.contains("|".join(re.escape(text) for text in NOT_FOR_THIS_SHOP))
    )
    return lines[good]


def best_names(lines: pd.DataFrame) -> dict[str, str]:
    """One name a code: the description that most of its lines use."""
    return {
        str(code): clean_name(texts.value_counts().index[0]) for code, texts in lines.groupby("StockCode").Description
    }


def merge_twins(lines: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Codes with one and the same name become the code that sold most often."""
    by_sales = lines.groupby("StockCode").InvoiceNo.nunique().sort_values(ascending=False, kind="stable")
    first: dict[str, str] = {}
    for code in by_sales.index:
        first.setdefault(names[code], code)
    return lines.assign(StockCode=lines.StockCode.map(lambda code: first[names[code]]))


def build_items(lines: pd.DataFrame, names: dict[str, str]) -> list[dict[str, Any]]:
    newest = pd.to_datetime(lines.InvoiceDate).max()
    grouped = lines.assign(at=pd.to_datetime(lines.InvoiceDate)).groupby("StockCode")
    table = pd.DataFrame(
        {
            "price": grouped.UnitPrice.median(),
            "orders": grouped.InvoiceNo.nunique(),
            "pack": grouped.Quantity.agg(lambda values: int(values.mode().iloc[0])),
            "last": grouped["at"].max(),
        }
    ).sort_values("orders", ascending=False, kind="stable")
    return [
        {
            "item_id": code,
            "name": names[code],
            "category": categorise(names[code]),
            "price": round(float(row.price), 2),
            "orders": int(row.orders),
            "pack": int(row["pack"]),
            "in_stock": bool((newest - row["last"]).days < RECENT_DAYS),
        }
        for code, row in table.iterrows()
    ]


def build_orders(lines: pd.DataFrame) -> list[dict[str, Any]]:
    orders = []
    for (number, customer), rows in lines.groupby(["InvoiceNo", "CustomerID"], sort=False):
        quantities = rows.groupby("StockCode", sort=False).Quantity.sum()
        at = pd.to_datetime(rows.InvoiceDate.iloc[0]).strftime("%Y-%m-%dT%H:%M")
        orders.append(
            {"order": number, "customer": customer, "at": at, "lines": {c: int(q) for c, q in quantities.items()}}
        )
    orders = [order for order in orders if len(order["lines"]) <= MOST_LINES]
    return sorted(orders, key=lambda order: (order["at"], order["order"]))


def write_lines(path: Path, records: Iterable[dict[str, Any]]) -> None:
    text = "".join(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n" for record in records)
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
        packed.write(text.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, default=SOURCE)
    parser.add_argument("--target", type=Path, default=TARGET)
    parser.add_argument("--min-orders", type=int, default=40, help="items in fewer orders are left out")
    options = parser.parse_args()

    lines = read_lines(options.source)
    names = best_names(lines)
    lines = merge_twins(lines, names)
    sold = lines.groupby("StockCode").InvoiceNo.nunique()
    lines = lines[lines.StockCode.isin(sold[sold >= options.min_orders].index)]
    items, orders = build_items(lines, names), build_orders(lines)
    options.target.mkdir(parents=True, exist_ok=True)
    write_lines(options.target / "items.jsonl.gz", items)
    write_lines(options.target / "orders.jsonl.gz", orders)
    size = sum(path.stat().st_size for path in options.target.glob("*.gz")) / 1e6
    rows = sum(len(order["lines"]) for order in orders)
    print(f"{len(items)} items, {len(orders)} orders, {rows} lines, {size:.2f} MB")


if __name__ == "__main__":
    main()
