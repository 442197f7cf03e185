"""Labelled business series at several sampling steps: generated loads and real series with planted faults.

What a step of sampling changes is the point: by the minute a series is rough, bursts and has a hundred thousand points
between two faults; by the hour it has a few hundred. Labels are as people set them: late, and long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from anomaly_faults import Labelled, other_real, retail

MINUTE, HOUR, DAY = 60, 3600, 86400
STEPS = {MINUTE: 10_000, 5 * MINUTE: 5_000, HOUR: 1_500, DAY: 500}  # step in seconds: points of a series
EVENTS = {MINUTE: 4, 5 * MINUTE: 5, HOUR: 5, DAY: 3}  # planted in a series on average
LENGTHS = {MINUTE: (5, 180), 5 * MINUTE: (2, 60), HOUR: (1, 24), DAY: (1, 6)}  # of a fault, in points
FAULTS = ("spike", "dip", "burst", "level", "drift", "outage", "variance", "flat")


@dataclass
class Load:
    """The hidden rate of a shop: a day, a week, weather that drifts, and roughness that lasts for some minutes."""

    rate: np.ndarray
    rng: np.random.Generator
    step: int


def load(rng: np.random.Generator, step: int) -> Load:
    n = STEPS[step]
    t = np.arange(n) * step / DAY + rng.uniform(0, 7)
    depth = rng.uniform(0.2, 1.1)
    day = np.zeros(n)
    if step < DAY:
        day = depth * np.cos(2 * np.pi * (t - rng.random())) + depth * rng.uniform(0, 0.5) * np.cos(
            4 * np.pi * (t - rng.random())
        )
    week = np.where(np.floor(t) % 7 >= 5, np.log(rng.uniform(0.4, 1.2)), 0.0)
    slow = autoregressive(rng, n, 0.2 * rng.uniform(0.3, 1.2), 2 * DAY / step)
    fast = autoregressive(rng, n, rng.uniform(0.02, 0.12), max(rng.uniform(300, 7200) / step, 0.5))
    growth = np.linspace(0, rng.normal(0, 0.25), n)
    return Load(np.exp(day + week + slow + fast + growth), rng, step)


def autoregressive(rng: np.random.Generator, n: int, size: float, memory: float) -> np.ndarray:
    """Stationary noise of standard deviation `size` that forgets within `memory` points."""
    keep = np.exp(-1 / max(memory, 1e-3))
    push = rng.normal(0, size * np.sqrt(1 - keep**2), n).tolist()
    state, out = rng.normal(0, size), []
    for one in push:
        state = keep * state + one
        out.append(state)
    return np.array(out)


# ------------------------------------------------------------------ kinds of series


def traffic(x: Load) -> np.ndarray:
    per_point = 10 ** x.rng.uniform(0.7, 3.5)
    return x.rng.poisson(x.rate * per_point).astype(float)


def sparse(x: Load) -> np.ndarray:
    return x.rng.poisson(x.rate * 10 ** x.rng.uniform(-1.3, 0.5)).astype(float)


def revenue(x: Load) -> np.ndarray:
    orders = x.rng.poisson(x.rate * 10 ** x.rng.uniform(-0.5, 1.5))
    return np.array([x.rng.lognormal(3, 0.9, k).sum() for k in orders])


def latency(x: Load) -> np.ndarray:
    base = 10 ** x.rng.uniform(1.3, 3) * x.rate ** x.rng.uniform(0, 0.5)
    tail = np.exp(x.rng.standard_t(3, len(base)) * x.rng.uniform(0.02, 0.12))
    stalls = 1 + (x.rng.random(len(base)) < 0.01) * x.rng.exponential(0.6, len(base))
    return base * tail * stalls


def rate_near_zero(x: Load) -> np.ndarray:
    """Crashes a session, in parts of a thousand, of few or many sessions."""
    sessions = x.rng.poisson(x.rate * 10 ** x.rng.uniform(1.8, 4)) + 1
    chance = np.clip(10 ** x.rng.uniform(-3, -1.7) * np.exp(autoregressive(x.rng, len(sessions), 0.15, 20)), 0, 1)
    return 1000 * x.rng.binomial(sessions, chance) / sessions


def rate_near_one(x: Load) -> np.ndarray:
    sessions = x.rng.poisson(x.rate * 10 ** x.rng.uniform(1.8, 4)) + 1
    return x.rng.binomial(sessions, 1 - 10 ** x.rng.uniform(-3, -1.5)) / sessions


def purchase_rate(x: Load) -> np.ndarray:
    sessions = x.rng.poisson(x.rate * 10 ** x.rng.uniform(1.5, 3.5)) + 1
    chance = np.clip(x.rng.uniform(0.01, 0.4) * x.rate**0.2, 0, 0.9)
    return x.rng.binomial(sessions, chance) / sessions


def bursty(x: Load) -> np.ndarray:
    """Traffic with bursts that nobody calls a fault: campaigns, crawlers, jobs on the full hour."""
    n = len(x.rate)
    extra = np.zeros(n)
    for _ in range(x.rng.poisson(n / 250)):
        at, size = x.rng.integers(n), x.rng.pareto(3.0) * 0.4
        length = int(x.rng.integers(1, max(2, min(20, 2400 // x.step + 2))))
        extra[at : at + length] += size * np.exp(-np.arange(len(extra[at : at + length])) / length)
    every = int(x.rng.choice([HOUR, 6 * HOUR, DAY])) // x.step
    if every >= 4:
        extra[:: max(every, 4)] += x.rng.uniform(0, 0.8)
    return x.rng.poisson(x.rate * (1 + extra) * 10 ** x.rng.uniform(1, 3)).astype(float)


def shifting(x: Load) -> np.ndarray:
    """A level that moves and stays where it is, twice or so: releases, new markets. Not a fault in itself."""
    n = len(x.rate)
    level = np.zeros(n)
    for at in x.rng.integers(n // 10, n, x.rng.poisson(1.5)):
        level[at:] += x.rng.normal(0, 0.15)
    return 10 ** x.rng.uniform(0, 3) * x.rate**0.5 * np.exp(level + x.rng.normal(0, x.rng.uniform(0.01, 0.08), n))


def nightly(x: Load) -> np.ndarray:
    """A shop that is shut at night: long stretches of nothing."""
    hour = (np.arange(len(x.rate)) * x.step / HOUR) % 24
    shut = (hour < 8) | (hour >= 20) if x.step < DAY else np.arange(len(hour)) % 7 >= 5
    return np.where(shut, 0, x.rng.poisson(x.rate * 10 ** x.rng.uniform(0.5, 2.5))).astype(float)


def gauge(x: Load) -> np.ndarray:
    """Per cent of something: CPU, stock filled, with a ceiling and values that repeat."""
    wave = x.rng.uniform(20, 60) * x.rate ** x.rng.uniform(0.1, 0.6) + x.rng.normal(
        0, x.rng.uniform(0.5, 4), len(x.rate)
    )
    return np.round(np.clip(wave, 0, 100), int(x.rng.integers(0, 3)))


KINDS: dict[str, Callable[[Load], np.ndarray]] = {
    f.__name__: f
    for f in (
        traffic, sparse, revenue, latency, rate_near_zero, rate_near_one, purchase_rate, bursty, shifting,
        nightly, gauge,
    )
}  # fmt: skip


# ------------------------------------------------------------------ faults and labels


def plant(name: str, values: np.ndarray, step: int, rng: np.random.Generator) -> Labelled:
    x, n = values.copy(), len(values)
    period = DAY // step if step < DAY else 7
    noise = roughness(values, period)
    integers, positive = bool(np.all(x == np.round(x))), bool(x.min() >= 0)
    ceiling = 1.0 if name.startswith("rate_near_one") else 100.0 if name.startswith("gauge") else np.inf
    events: list[tuple[int, int, str]] = []
    wanted = rng.poisson(EVENTS[step]) + 1
    for _ in range(wanted * 6):
        if len(events) >= wanted:
            break
        fault = FAULTS[rng.integers(len(FAULTS))]
        low, high = LENGTHS[step]
        length = max(int(np.exp(rng.uniform(np.log(low), np.log(high + 1)))), 1)
        length = min(length, 4) if fault in ("spike", "dip") else max(length, 3)
        start = int(rng.integers(n // 4, n - 2 * length - 2))
        if any(start - 4 * length - 10 <= end and first <= start + 4 * length + 10 for first, end, _ in events):
            continue
        part = faulty(fault, x[start : start + length], noise[start], rng)
        if part is None:
            continue
        part = np.clip(part, 0.0 if positive else -np.inf, ceiling)
        part = np.round(part) if integers else part
        if np.abs(part - x[start : start + length]).max() < 3 * noise[start]:
            continue  # cut off by the floor or the ceiling: nothing that anybody would label
        x[start : start + length] = part
        late = int(rng.uniform(0, 0.3) * length)
        longer = int(rng.uniform(0, 1.0) * length) + int(rng.integers(0, 3))
        events.append((start + late, min(start + length - 1 + longer, n - 1), fault))
    return Labelled(name, 1_700_006_400.0 + step * np.arange(n), x, sorted(events))


def roughness(values: np.ndarray, period: int) -> np.ndarray:
    """Usual size of what neither the season nor the level of a day explains, at each point's level."""
    n, keep = len(values), max(3, min(period // 24, 15))
    padded = np.pad(values, keep, mode="edge")
    smooth = np.convolve(padded, np.ones(2 * keep + 1) / (2 * keep + 1), mode="valid")[:n]
    rest = np.abs(values - smooth)
    overall = 1.2533 * rest.mean()
    size = np.sqrt(np.maximum(smooth, 0.05 * max(smooth.mean(), 1e-12)) / max(smooth.mean(), 1e-12))
    return np.maximum(overall * size, 1e-9) if values.min() >= 0 else np.full(n, max(overall, 1e-9))


def faulty(fault: str, part: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray | None:
    """The same points with the fault in them; None where it would not be one."""
    size, n = noise * np.exp(rng.uniform(np.log(4), np.log(25))), len(part)
    sign = 1 if rng.random() < 0.6 else -1
    if fault == "spike":
        return part + size
    if fault == "dip":
        return part - size
    if fault == "burst":
        return part + size * rng.uniform(0.3, 1.0) * np.exp(-np.arange(n) / n)
    if fault == "level":
        return part + 0.7 * sign * size
    if fault == "drift":
        return part + np.linspace(0, 1, n) * sign * size
    if fault == "outage":
        return part * rng.uniform(0, 0.1) if np.median(part) > 4 * noise else None
    if fault == "variance":
        return part + rng.normal(0, 0.5 * size, n)
    return np.full(n, part[0]) if n >= 12 and np.std(part) > 0.7 * noise else None


# ------------------------------------------------------------------ the corpus


def corpus(seeds: range = range(3)) -> Iterator[tuple[str, int, Labelled]]:
    """(kind, step, series) of all kinds, steps and seeds, and the real series by hour and day as the kind "real"."""
    for step in STEPS:
        for place, (kind, make) in enumerate(KINDS.items()):
            for seed in seeds:
                rng = np.random.default_rng([seed, place, step])
                yield kind, step, plant(f"{kind} {seed}", make(load(rng, step)), step, rng)
    for place, (name, series) in enumerate(sorted({**retail(), **other_real()}.items())):
        step = HOUR if "hourly" in name else DAY
        yield "real", step, plant(name, series.to_numpy(float), step, np.random.default_rng([7, place]))
