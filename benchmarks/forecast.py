"""Rolling-origin forecasts on the real series: error beside seasonal naive, coverage of the intervals, CPU."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from hourly_series import FAMILIES, HORIZON

from opsplug.models.forecast import forecast

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"


def daily() -> dict[str, np.ndarray]:
    folder = DATA / "forecast"
    bike = pd.read_csv(folder / "bike_sharing_dataset_clean.csv", parse_dates=["date_time"]).set_index("date_time")
    visits = pd.read_csv(folder / "visitas_por_dia_web_cienciadedatos_2020_2021.csv")
    visits.index = pd.to_datetime(visits["date"], format="%d/%m/%y")
    out = {
        "visits": visits["users"].asfreq("D").to_numpy(float),
        "bike daily": bike["users"].resample("D").sum().to_numpy(float),
    }
    for name in ("pedestrians_covid", "wp_log_R", "wp_log_peyton_manning"):
        frame = pd.read_csv(folder / f"example_{name}.csv", parse_dates=["ds"]).drop_duplicates("ds").set_index("ds")
        out[name] = frame["y"].sort_index().asfreq("D").to_numpy(float)
    lines = pd.read_csv(DATA / "retail" / "online_retail.csv.gz", dtype={"InvoiceNo": str, "StockCode": str})
    lines = lines[~lines["InvoiceNo"].str.startswith("C") & (lines["Quantity"] > 0) & (lines["UnitPrice"] > 0)]
    lines["day"] = pd.to_datetime(lines["InvoiceDate"]).dt.floor("D")
    lines["amount"] = lines["Quantity"] * lines["UnitPrice"]
    days = pd.date_range(lines["day"].min(), lines["day"].max())
    out["retail revenue"] = lines.groupby("day")["amount"].sum().reindex(days, fill_value=0).to_numpy(float)
    for item in lines.groupby("StockCode")["Quantity"].sum().nlargest(20).index:
        sold = lines[lines["StockCode"] == item].groupby("day")["Quantity"].sum()
        out[f"item {item}"] = sold.reindex(days, fill_value=0).to_numpy(float)
    return out


def hourly() -> dict[str, np.ndarray]:
    bike = pd.read_csv(DATA / "forecast" / "bike_sharing_dataset_clean.csv")["users"].to_numpy(float)
    return {f"bike hourly {i}": bike[i * 4386 : (i + 1) * 4386] for i in range(4)}


def run(series: dict[str, np.ndarray], period: int, horizon: int, origins: int) -> None:
    ratios, inside, cpu, runs = [], {80: [], 95: []}, 0.0, 0
    ours_all, naive_all = [], []
    for name, y in series.items():
        ours, naive, models = [], [], []
        for k in range(origins, 0, -1):
            cut = len(y) - k * horizon
            start = time.process_time()
            result = forecast(y[:cut], period, horizon)
            cpu += time.process_time() - start
            runs += 1
            actual = y[cut : cut + horizon]
            past = pd.Series(y[:cut]).ffill().to_numpy()
            known = np.isfinite(actual)
            scale = max(np.nanmean(np.abs(past[period:] - past[:-period])), 1e-9)
            if not past.any():
                continue  # never sold so far: nothing to compare
            ours.append(np.mean(np.abs(actual - result.mean)[known]) / scale)
            naive.append(np.mean(np.abs(actual - np.resize(past[-period:], horizon))[known]) / scale)
            models.append(result.model)
            for level, hits in inside.items():
                hits.extend(((actual >= result.lower[level]) & (actual <= result.upper[level]))[known])
        if not ours:
            continue
        usual = max(set(models), key=models.count)
        ratios.append(np.mean(ours) / np.mean(naive))
        ours_all += ours
        naive_all += naive
        print(f"{name:24} MASE {np.mean(ours):6.3f}  naive {np.mean(naive):6.3f}  ratio {ratios[-1]:.3f}  {usual}")
    print(
        f"pooled ratio {np.mean(ours_all) / np.mean(naive_all):.3f}  mean ratio {np.mean(ratios):.3f}  "
        f"coverage 80: {np.mean(inside[80]):.3f}  95: {np.mean(inside[95]):.3f}  "
        f"CPU {1000 * cpu / runs:.1f} ms a series\n"
    )


def families() -> None:
    """Forecasts of 48 hours from four to six weeks, by family, each series once."""
    ours_all, naive_all, inside, cpu = [], [], {80: [], 95: []}, 0.0
    for family, load in FAMILIES.items():
        try:
            series = load()
        except ImportError as error:
            print(f"{family:12} left out: {error}")
            continue
        ours, naive, covered = [], [], {80: [], 95: []}
        for y in series.values():
            past, actual = y[:-HORIZON], y[-HORIZON:]
            start = time.process_time()
            result = forecast(past, 24, HORIZON)
            cpu += time.process_time() - start
            scale, known = np.nanmean(np.abs(past[24:] - past[:-24])), np.isfinite(actual)
            ours.append(np.mean(np.abs(actual - result.mean)[known]) / scale)
            naive.append(np.mean(np.abs(actual - np.resize(past[-24:], HORIZON))[known]) / scale)
            for level, hits in covered.items():
                hits.extend(((actual >= result.lower[level]) & (actual <= result.upper[level]))[known])
        print(
            f"{family:12} {len(ours):3} series  MASE {np.mean(ours):.3f}  ratio {np.mean(ours) / np.mean(naive):.3f}  "
            f"coverage 80: {np.mean(covered[80]):.3f}  95: {np.mean(covered[95]):.3f}"
        )
        ours_all, naive_all = ours_all + ours, naive_all + naive
        for level, hits in inside.items():
            hits.extend(covered[level])
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(ours_all), (1000, len(ours_all)))
    ratios = np.array(ours_all)[draws].mean(axis=1) / np.array(naive_all)[draws].mean(axis=1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    print(
        f"all families {len(ours_all)} series  ratio {np.mean(ours_all) / np.mean(naive_all):.3f} "
        f"[{low:.3f}, {high:.3f}]  coverage 80: {np.mean(inside[80]):.3f}  95: {np.mean(inside[95]):.3f}  "
        f"CPU {1000 * cpu / len(ours_all):.1f} ms a series\n"
    )


def cut(series: dict[str, np.ndarray], days: int, horizon: int) -> dict[str, np.ndarray]:
    """Two stretches of each series as if the shop had opened `days` before the forecast."""
    found = {}
    for name, y in series.items():
        for back in (0, 100):
            stretch = y[: len(y) - back][-(days + horizon) :]
            if len(stretch) == days + horizon:
                found[f"{name} {back}"] = stretch
    return found


if __name__ == "__main__":
    by_day = daily()
    run(by_day, 7, 14, 8)
    run(hourly(), 24, 48, 8)
    families()
    for days, horizon in ((30, 14), (60, 28), (90, 28)):
        print(f"shops of {days} days")
        run(cut(by_day, days, horizon), 7, horizon, 1)
