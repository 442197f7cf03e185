"""Business series with planted faults, divided by series and seed into a tuning and a kept-aside half."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
SHAPES = ("spike", "dip", "burst", "level", "drift", "outage", "variance", "phase", "flat")


@dataclass
class Labelled:
    name: str
    times: np.ndarray  # epoch seconds
    values: np.ndarray
    events: list[tuple[int, int, str]]  # first index, last index, shape


def retail() -> dict[str, pd.Series]:
    frame = pd.read_csv(
        DATA / "retail" / "online_retail.csv.gz", dtype={"InvoiceNo": str, "StockCode": str}, encoding="utf-8"
    )
    frame["InvoiceDate"] = pd.to_datetime(frame["InvoiceDate"])
    frame["amount"] = frame["Quantity"] * frame["UnitPrice"]
    sales = frame[~frame["InvoiceNo"].str.startswith("C") & (frame["Quantity"] > 0)]
    heads = sales.groupby("InvoiceNo").agg(
        time=("InvoiceDate", "min"), amount=("amount", "sum"), lines=("StockCode", "size"), country=("Country", "first")
    )
    heads = heads[heads["amount"] < 20000]
    by_time = heads.set_index("time").sort_index()
    hourly = by_time.resample("h")
    daily = by_time.resample("D")
    cancelled = frame[frame["InvoiceNo"].str.startswith("C")].drop_duplicates("InvoiceNo").set_index("InvoiceDate")
    cancels = cancelled.resample("D").size().reindex(daily.size().index, fill_value=0)
    return {
        "retail orders hourly": hourly.size(),
        "retail revenue hourly": hourly["amount"].sum(),
        "retail lines hourly": hourly["lines"].sum(),
        "retail orders daily": daily.size(),
        "retail revenue daily": daily["amount"].sum(),
        "retail basket daily": daily["lines"].mean().fillna(0.0),
        "retail cancels daily": cancels,
        "retail cancel rate daily": (cancels / (daily.size() + cancels).clip(lower=1)),
        "retail abroad daily": by_time[by_time["country"] != "United Kingdom"].resample("D").size(),
    }


def other_real() -> dict[str, pd.Series]:
    folder = DATA / "forecast"
    bike = pd.read_csv(folder / "bike_sharing_dataset_clean.csv", parse_dates=["date_time"]).set_index("date_time")[
        "users"
    ]
    visits = pd.read_csv(folder / "visitas_por_dia_web_cienciadedatos_2020_2021.csv")
    visits.index = pd.to_datetime(visits["date"], format="%d/%m/%y")
    out = {"visits daily": visits["users"], "bike daily": bike.resample("D").sum()}
    for i in range(4):
        out[f"bike hourly {i}"] = bike.iloc[i * 4386 : (i + 1) * 4386]
    peds = pd.read_csv(folder / "example_pedestrians_covid.csv", parse_dates=["ds"]).set_index("ds")["y"]
    out["pedestrians daily"] = peds.iloc[:900]
    for name in ("wp_log_R", "wp_log_peyton_manning"):
        log = pd.read_csv(folder / f"example_{name}.csv", parse_dates=["ds"]).set_index("ds")["y"].sort_index()
        out[f"{name} daily"] = np.exp(log).iloc[:1200]
        out[f"{name} log daily"] = log.iloc[1200:2400]
    return {k: v.astype(float) for k, v in out.items()}


def simulated(seed: int) -> dict[str, pd.Series]:
    """What the real files lack: minutes-wide traffic, latency, purchase and crash rates, with autocorrelated load."""
    rng = np.random.default_rng(seed)

    def load(n: int, per_day: float, depth: float) -> np.ndarray:
        t = np.arange(n) / per_day
        shift = rng.uniform(0, 1)
        day = np.exp(depth * np.cos(2 * np.pi * (t - shift)) + 0.3 * depth * np.cos(4 * np.pi * (t - shift * 1.3)))
        week = np.where(np.floor(t) % 7 >= 5, rng.uniform(0.5, 1.1), 1.0)
        noise = np.zeros(n)
        eps = rng.normal(0, 0.03, n)
        for i in range(1, n):
            noise[i] = 0.95 * noise[i - 1] + eps[i]
        return day * week * np.exp(noise)

    def index(n: int, freq: str) -> pd.DatetimeIndex:
        return pd.date_range("2024-03-04", periods=n, freq=freq)

    out: dict[str, pd.Series] = {}
    n = 4032
    traffic = load(n, 288, rng.uniform(0.4, 1.2))
    requests = rng.poisson(traffic * rng.uniform(20, 2000))
    out["api requests 5min"] = pd.Series(requests.astype(float), index(n, "5min"))
    spikes = rng.exponential(25.0, n) * (rng.random(n) < 0.05)
    out["api p95 latency 5min"] = pd.Series(
        120 * traffic**0.3 * np.exp(rng.normal(0, 0.12, n)) + spikes, index(n, "5min")
    )
    n = 1500
    sessions = rng.poisson(load(n, 24, 0.8) * rng.uniform(60, 400)) + 1
    out["purchase rate hourly"] = pd.Series(
        rng.binomial(sessions, 0.03 * np.exp(rng.normal(0, 0.1, n))) / sessions, index(n, "h")
    )
    out["crash rate hourly"] = pd.Series(
        1000 * rng.binomial(sessions * 20, 0.004 * np.exp(rng.normal(0, 0.15, n))) / (sessions * 20), index(n, "h")
    )
    out["few orders hourly"] = pd.Series(rng.poisson(3 * load(n, 24, 0.5)).astype(float), index(n, "h"))
    n = 3000
    out["errors 1min"] = pd.Series(rng.negative_binomial(3, 0.4, n).astype(float), index(n, "min"))
    n = 500
    out["signups daily"] = pd.Series(
        rng.poisson(load(n, 7, 0.25) * 40 * np.linspace(1, 1.8, n)).astype(float), index(n, "D")
    )
    return out


def plant(name: str, series: pd.Series, seed: int) -> Labelled:
    """Plant about one fault per 350 points, none in the first fifth, sized by the series' own seasonal noise."""
    rng = np.random.default_rng(seed)
    x = series.to_numpy(dtype=float).copy()
    n = len(x)
    # The index resolution differs between pandas sources, so convert by seconds explicitly.
    times = series.index.values.astype("datetime64[s]").astype(np.int64).astype(float)
    per_day = 86400 / np.median(np.diff(times))
    period = round(per_day) if per_day > 1.5 else 7
    cycle = next((c for c in (period * 7, period) if per_day > 1.5 and n >= 4 * c), 7 if per_day <= 1.5 else 0)
    season = pd.Series(x).groupby(np.arange(n) % cycle).transform("median").to_numpy() if cycle else np.zeros(n)
    smooth = (
        pd.Series(x - season).rolling(max(min(3 * period, n // 8), 9), center=True, min_periods=1).median().to_numpy()
    )
    rest = x - season - smooth
    sigma = max(1.4826 * np.median(np.abs(rest)), 0.5 * np.std(rest), 1e-9)
    integers = bool(np.all(x == np.round(x)))
    positive = bool(x.min() >= 0)
    events: list[tuple[int, int, str]] = []
    count = max(2, n // 500)
    for _ in range(count * 4):
        if len(events) >= count:
            break
        shape = SHAPES[rng.integers(len(SHAPES))]
        length = {"spike": rng.integers(1, 4), "dip": rng.integers(1, 4)}.get(
            shape, int(np.clip(rng.integers(4, period + 8), 4, 80))
        )
        a = int(rng.integers(n // 5, n - length - 2))
        b = a + int(length) - 1
        if any(a - 30 <= e and s - 30 <= b for s, e, _ in events):
            continue
        part = x[a : b + 1].copy()
        size = np.exp(rng.uniform(np.log(4), np.log(30))) * sigma
        if shape in ("outage", "dip", "flat") and np.median(part) < 2 * sigma:
            continue  # an outage at night changes nothing: no honest label
        if shape == "spike":
            part += size
        elif shape == "dip":
            part -= size
        elif shape == "burst":
            part += size * rng.uniform(0.5, 1.0)
        elif shape == "level":
            part += size * 0.7 * (1 if rng.random() < 0.5 else -1)
        elif shape == "drift":
            part += np.linspace(0, size, len(part)) * (1 if rng.random() < 0.6 else -1)
        elif shape == "outage":
            part *= rng.uniform(0, 0.1)
        elif shape == "variance":
            part += rng.normal(0, size * 0.6, len(part))
        elif shape == "phase":
            other = x[max(a - period // 2, 0) : max(a - period // 2, 0) + len(part)]
            if not cycle or np.median(np.abs(other - part)) < 2 * sigma:
                continue
            part = other.copy()
        elif shape == "flat":
            part[:] = part[0]
            if np.std(x[a : b + 1]) < 1.5 * sigma or len(part) < 12:
                continue
        if positive:
            part = np.maximum(part, 0.0)
        x[a : b + 1] = np.round(part) if integers else part
        events.append((a, b, shape))
    return Labelled(name, times, x, sorted(events))


def corpus(half: str) -> list[Labelled]:
    """`half` is "tune" or "aside": other series, other simulations, other seeds."""
    real = {**retail(), **other_real()}
    names = sorted(real)
    mine = [n for i, n in enumerate(names) if (i % 2 == 0) == (half == "tune")]
    base = 100 if half == "tune" else 900
    out = [plant(n, real[n], base + 7 * i + k) for i, n in enumerate(mine) for k in range(2)]
    for k in range(4):
        out += [plant(f"{n} #{k}", s, base + 50 + k) for n, s in simulated(base + k).items()]
    return out


def judge(series: Labelled, alerts: np.ndarray) -> tuple[set[int], int]:
    """Events hit, and runs of alerts that touch no event widened by two points."""
    near = np.zeros(len(alerts), bool)
    for a, b, _ in series.events:
        near[max(a - 2, 0) : b + 3] = True
    hit = {i for i, (a, b, _) in enumerate(series.events) if alerts[max(a - 2, 0) : b + 3].any()}
    outside = alerts & ~near
    starts = outside & ~np.r_[False, outside[:-1]] & ~np.r_[False, (alerts & near)[:-1]]
    return hit, int(starts.sum())
