"""`opsplug doctor`: what could keep opsplug from working, each with its remedy."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from opsplug import locales, reasons
from opsplug.errors import OpsPlugError, StoreError
from opsplug.settings import unknown_names
from opsplug.units import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from opsplug.capture.spool import Spool
    from opsplug.settings import Settings
    from opsplug.store.protocol import Store
    from opsplug.training.run.artefacts import Artefacts

_MB: Final = 1_000_000
_LITTLE, _TOO_LITTLE = 1000 * _MB, 100 * _MB  # free disk
_PRIVATE: Final = 0o077
_LOOKED_AT, _FEW_ITEMS, _WELL_KNOWN = 5000, 20, 0.9  # newest rows; items in them; share of known ones
_ABOUT_ITEMS: Final = ("view_item", "add_to_cart", "purchase")
_UNASKED: Final = 50  # visits
_SKEW_MS: Final = 60_000
_BUILT: Final = 1_735_689_600  # 2025-01-01: no clock that is right is older than this code
_LANGUAGE: Final = "en"  # of the command line


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. `remedy` is empty where nothing needs to be done."""

    name: str
    state: Literal["ok", "warning", "problem"]
    detail: str
    remedy: str = ""


class Doctor:
    """Reads everything and changes nothing but a lease of its own, which shows that the store can be written."""

    def __init__(
        self,
        settings: Settings,
        store: Callable[[], Store],
        artefacts: Callable[[], Artefacts],
        spool: Spool,
        key_file: Path,
        clock: Callable[[], float] = time.time,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._environ = environ
        self._settings = settings
        self._store = store
        self._artefacts = artefacts
        self._spool = spool
        self._key_file = key_file
        self._clock = clock

    def examine(self) -> list[Finding]:
        """All checks, in the order in which trouble is best looked for."""
        found = [
            self._python(),
            self._clock_is_sane(),
            *self._environment(),
            *self._texts(),
            self._folder(),
            self._disk(),
            self._key(),
        ]
        reachable = self._reachable()
        found += [*reachable, *self._permissions(), *self._owners(), self._spooled()]
        if reachable[0].state == "ok":
            for check in (self._events, self._asked, self._catalogue, self._models, self._jobs, self._counters):
                try:
                    found += check()
                except OpsPlugError as error:
                    found.append(Finding(check.__name__.strip("_"), "problem", str(error), "See the message."))
        return found

    def _python(self) -> Finding:
        detail = f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}"
        if sqlite3.sqlite_version_info < (3, 35):
            return Finding("python", "problem", detail, "SQLite 3.35 or newer is needed; use a newer Python build.")
        return Finding("python", "ok", detail)

    def _clock_is_sane(self) -> Finding:
        now = self._clock()
        shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
        if now < _BUILT:
            return Finding("clock", "problem", f"the clock says {shown}", "Set the clock (NTP).")
        return Finding("clock", "ok", f"{shown}, shop in {self._settings.timezone}")

    def _environment(self) -> list[Finding]:
        """Other programs may set what begins with our prefix, so a name that is no setting is reported and no error."""
        remedy = "README lists the settings."
        return [
            Finding("environment", "warning", f"{name} is no setting{f'; {near}?' if near else ''}", remedy)
            for name, near in unknown_names(self._environ)
        ]

    def _texts(self) -> list[Finding]:
        """The shop's own texts, where it has any."""
        if not self._settings.locales:
            return []
        wrong = locales.use(self._settings.locales)
        remedy = "Correct the file; docs/languages.md says what is checked."
        found = [Finding("locales", "warning", sentence, remedy) for sentence in wrong]
        return found or [Finding("locales", "ok", f"texts in {', '.join(locales.languages())}")]

    def _folder(self) -> Finding:
        folder = self._settings.folder.absolute()
        try:
            there = folder.is_dir()
        except OSError as error:
            remedy = "Give the folders above it to the user that runs the shop, or name another one in `store`."
            return Finding("folder", "problem", f"{folder}: {error.strerror}", remedy)
        if not there:
            return Finding("folder", "problem", f"{folder} does not exist", f"mkdir -p {folder}")
        if not os.access(folder, os.W_OK | os.X_OK):
            return Finding(
                "folder", "problem", f"{folder} cannot be written", "Give it to the user that runs the shop."
            )
        return Finding("folder", "ok", str(folder))

    def _disk(self) -> Finding:
        folder = self._settings.folder.absolute()
        try:
            free = shutil.disk_usage(folder).free
        except OSError as error:
            return Finding("disk", "problem", f"{folder}: {error.strerror}", "Name another folder in `store`.")
        state: Literal["ok", "warning", "problem"] = (
            "problem" if free < _TOO_LITTLE else "warning" if free < _LITTLE else "ok"
        )
        remedy = "" if state == "ok" else "Free space, or lower `retention_days`."
        return Finding("disk", state, f"{free / 1e9:.1f} GB free", remedy)

    def _key(self) -> Finding:
        if self._settings.secret_key:
            return Finding("key", "ok", "from the setting secret_key")
        try:
            if not self._key_file.exists():
                return Finding("key", "ok", "no key file yet; it is made with the first pseudonym or model")
        except OSError as error:
            remedy = "Give the folder to the user that runs the shop."
            return Finding("key", "problem", f"{self._key_file}: {error.strerror}", remedy)
        if not os.access(self._key_file, os.R_OK):
            remedy = "Give it to the user that runs the shop, or set OPSPLUG_SECRET_KEY."
            return Finding("key", "problem", f"{self._key_file} cannot be read", remedy)
        if self._key_file.stat().st_size < 32:
            remedy = "Restore the key file from a backup, or set OPSPLUG_SECRET_KEY."
            return Finding("key", "problem", f"{self._key_file} is damaged", remedy)
        return Finding("key", "ok", f"{self._key_file}; keep a copy: without it users are strangers and models invalid")

    def _reachable(self) -> list[Finding]:
        store, holder = self._settings.store, f"doctor:{os.getpid()}"
        path = self._settings.store_path
        if path is not None and os.access(path.parent, os.X_OK) and not path.exists():
            remedy = (
                "It is made with the first event. Is this the shop's? A Flask shop keeps it in its instance folder."
            )
            return [Finding("store", "warning", f"{path.absolute()} does not exist yet", remedy)]
        try:
            applied = self._store().migrate()
            self._store().last_id()
        except StoreError as error:
            return [Finding("store", "problem", f"{store}: {error}", "Check the path, its rights, and other programs.")]
        found = [Finding("store", "ok", f"{store}, {self._store().size_bytes() / 1e6:.1f} MB")]
        if applied:
            found.append(Finding("migrations", "ok", f"applied now: {', '.join(applied)}"))
        else:
            found.append(Finding("migrations", "ok", "up to date"))
        try:
            self._store().acquire_lease("doctor", holder, ttl_ms=1, now_ms=int(self._clock() * 1000))
            self._store().release_lease("doctor", holder)
            found.append(Finding("writing", "ok", "the store can be written"))
        except StoreError as error:
            found.append(Finding("writing", "problem", str(error), "Check rights and disk; see docs/commands.md."))
        return found

    def _permissions(self) -> Iterator[Finding]:
        path = self._settings.store_path
        files = [path, path.with_name(f"{path.name}-wal"), self._key_file] if path is not None else []
        there = [file for file in files if os.path.lexists(file) and os.access(file.parent, os.X_OK)]
        open_files = [file for file in there if file.stat().st_mode & _PRIVATE]
        if open_files:
            names = " ".join(map(str, open_files))
            yield Finding("permissions", "problem", f"others may read {names}", f"chmod 600 {names}")
        elif there:
            yield Finding("permissions", "ok", "only the owner may read the store and the key")

    def _owners(self) -> Iterator[Finding]:
        """Files that another user made (`opsplug train` once as root) and that the shop's user cannot use."""
        settings = self._settings
        if settings.store_path is None:
            return
        homes = [settings.store_path, self._key_file, settings.models_path, *_below(settings.models_path)]
        wrong = [str(path) for path in homes if os.path.lexists(path) and not os.access(path, os.R_OK | os.W_OK)]
        if wrong:
            shown = " ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
            yield Finding(
                "owner", "problem", f"not ours to read and write: {shown}",
                f"Give them to the user that runs the shop: chown -R USER {settings.folder.absolute()}",
            )  # fmt: skip

    def _spooled(self) -> Finding:
        try:
            waiting = self._spool.waiting()
        except StoreError as error:
            return Finding("spool", "problem", str(error), "Give the folder to the user that runs the shop.")
        if not waiting:
            return Finding("spool", "ok", "nothing waits")
        remedy = "They are stored as soon as a worker can write the store; `opsplug worker --once` does it now."
        return Finding("spool", "warning", f"{len(waiting)} files of acknowledged events wait", remedy)

    def _events(self) -> Iterator[Finding]:
        last = self._store().last_id()
        if not last:
            remedy = "Open a page of the shop with opsplug in it, or bring old orders along: opsplug import."
            yield Finding("events", "warning", "there are none yet", remedy)
            return
        newest = next(iter(self._store().read_events(after_id=last - 1, audience=None, batch=1)))[0][1]
        ahead = newest.received_at - self._clock() * 1000
        if ahead > _SKEW_MS:
            remedy = "The clock was set back, or two machines disagree: use NTP."
            yield Finding("events", "warning", f"the newest is {ahead / 1000:.0f} s ahead of the clock", remedy)
            return
        yield Finding("events", "ok", f"the newest was received {_ago(-ahead / 1000)} ago")

    def _catalogue(self) -> Iterator[Finding]:
        if next(self._store().items(), None) is None:
            remedy = "opsplug import --items FILE, engine.catalog.upsert, or JSON-LD Product in the shop's pages."
            yield Finding("catalogue", "warning", "it is empty", remedy)
        else:
            yield Finding("catalogue", "ok", "it has items")
        yield from self._ids()
        last = self._store().get_document("catalog_source", "last")
        if last and last.get("error"):
            remedy = "The last good catalogue stays; mend what `catalog=` names."
            yield Finding("catalogue", "warning", f"the setting catalog could not be read: {last['error']}", remedy)
        elif last and last.get("unknown"):
            names = ", ".join(sorted(last["unknown"])[:10])
            yield Finding("catalogue", "ok", f"the setting catalog gave {last['items']:,} items; not used: {names}")

    def _ids(self) -> Iterator[Finding]:
        """Whether events and catalogue call the same things by the same ids: else models learn of nothing."""
        last = self._store().last_id()
        seen: Counter[str] = Counter()
        for batch in self._store().read_events(after_id=max(0, last - _LOOKED_AT), names=_ABOUT_ITEMS):
            seen.update(item.item_id for _, event in batch for item in event.items)
        if sum(seen.values()) < _FEW_ITEMS:
            return
        known = self._store().get_items(list(seen))
        share = sum(n for item_id, n in seen.items() if item_id in known) / sum(seen.values())
        detail = f"{100 * share:.0f} % of the items in the last events are in the catalogue"
        if share >= _WELL_KNOWN:
            yield Finding("ids", "ok", detail)
            return
        strange = ", ".join(item_id[:40] for item_id, _ in seen.most_common() if item_id not in known)[:120]
        have = ", ".join(record["item_id"][:40] for record in islice(self._store().items(), 3))
        remedy = "Use one id everywhere: in track(), in the route map's parameter and in the catalogue."
        yield Finding("ids", "warning", f"{detail}; unknown: {strange}; the catalogue has: {have or 'nothing'}", remedy)

    def _asked(self) -> Iterator[Finding]:
        """Visitors whom nobody asks stay nameless: nothing is personal, and nothing says so."""
        counts = self._store().counts()
        nameless = counts.get("visits_without_identity", 0)
        answers = counts.get("consents_given", 0) + counts.get("consents_refused", 0)
        if nameless >= _UNASKED and not answers:
            remedy = "Set banner=True or connect your own question; consent='not_required' where that is lawful."
            yield Finding("consent", "warning", f"{nameless:,} visits without identity and nobody was asked", remedy)
        elif answers:
            yield Finding("consent", "ok", f"{answers:,} visitors answered")

    def _models(self) -> Iterator[Finding]:
        artefacts = self._artefacts()
        if not artefacts.names():
            yield Finding("models", "warning", "none has been trained", "opsplug train, or wait for the schedule.")
        for name in artefacts.names():
            version = next((version for version in artefacts.versions(name) if version.in_use), None)
            if version is None or version.problem:
                detail = version.problem if version else f"{name} has no version in use"
                yield Finding("models", "problem", detail, f"opsplug models rollback {name}, or opsplug train.")
                continue
            age = self._clock() - float(version.about.get("at", 0.0))
            stale = self._settings.train_every and age > max(7 * DAY, 3 * self._settings.train_every)
            remedy = "Nothing new was learned: does a worker run, are there new events? opsplug train" if stale else ""
            state: Literal["ok", "warning"] = "warning" if stale else "ok"
            yield Finding("models", state, f"{name} {version.version}, {_ago(age)} old", remedy)

    def _jobs(self) -> Iterator[Finding]:
        for name, run in self._store().documents("job"):
            detail = f"{name}: {run.get('state')}, started {_ago(self._clock() - float(run.get('started', 0)))} ago"
            if run.get("holder"):
                detail += f" by {run['holder']}"
            if run.get("state") == "failed":
                yield Finding("jobs", "problem", f"{detail}: {run.get('error')}", "Remedy that; it is tried again.")
            else:
                yield Finding("jobs", "ok", detail)

    def _counters(self) -> Iterator[Finding]:
        counts: Mapping[str, Any] = self._store().counts()
        bad = reasons.worth_a_look(counts)
        for name, row in bad:
            state: Literal["warning", "problem"] = "problem" if row.severity == "problem" else "warning"
            detail = f"{name}: {counts[name]:,}. {reasons.meaning(name, _LANGUAGE)}"
            yield Finding("counters", state, detail, reasons.remedy(name, _LANGUAGE))
        if not bad:
            yield Finding("counters", "ok", "nothing was dropped, lost or failed")


def _below(folder: Path) -> list[Path]:
    """Two levels of a folder, as far as they may be read."""
    try:
        first = list(folder.iterdir())
        open_folders = [path for path in first if path.is_dir() and os.access(path, os.R_OK | os.X_OK)]
        return first + [path for home in open_folders for path in home.iterdir()]
    except OSError:
        return []


def _ago(seconds: float) -> str:
    for size, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {name}"
    return f"{max(seconds, 0):.0f} s"
