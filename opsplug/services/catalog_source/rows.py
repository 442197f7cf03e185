"""Rows of whatever the setting `catalog=` names: a callable, a model, a query, a database, a feed, a file."""

import asyncio
import csv
import inspect
import json
import sqlite3
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from opsplug.errors import SettingsError
from opsplug.store import queries

_TABLES: Final = (
    "products",
    "product",
    "items",
    "item",
    "catalog",
    "catalogue",
    "goods",
    "articles",
    "books",
    "courses",
)
_LISTS: Final = ("products", "items", "data", "results", "entries")
MOST: Final = 1_000_000


def rows(source: Any) -> Iterator[Mapping[str, Any]]:
    """Each product as a mapping, under the shop's own names. Whatever the source raises is raised."""
    if isinstance(source, str | Path):
        yield from _of_address(str(source))
        return
    if _is_model(source):
        yield from _of_model(source)
        return
    if isinstance(source, tuple) and len(source) == 2 and callable(source[0]):
        factory, model = source
        with closing(factory()) as session:
            yield from map(_mapping, session.query(model))
        return
    answer = source() if callable(source) else source
    yield from _of_answer(answer)


def _of_answer(answer: Any) -> Iterator[Mapping[str, Any]]:
    if inspect.isawaitable(answer) or isinstance(answer, AsyncIterable):
        answer = asyncio.run(_awaited(answer))
    if hasattr(answer, "to_dict") and hasattr(answer, "columns"):  # a pandas DataFrame
        answer = answer.to_dict("records")
    if isinstance(answer, Mapping):
        whole = next((answer[key] for key in _LISTS if isinstance(answer.get(key), list)), None)
        answer = whole if whole is not None else ({"item_id": key, **_mapping(value)} for key, value in answer.items())
    if _is_model(answer):
        yield from _of_model(answer)
        return
    if isinstance(answer, str | bytes) or not isinstance(answer, Iterable):
        raise SettingsError(f"catalog: a list of products is expected, not {type(answer).__name__}")
    for row in answer:
        yield _mapping(row)


async def _awaited(answer: Any) -> Any:
    if isinstance(answer, AsyncIterable):
        return [row async for row in answer]
    found = await answer
    return [row async for row in found] if isinstance(found, AsyncIterable) else found


def _is_model(value: Any) -> bool:
    return inspect.isclass(value) and hasattr(value, "__table__")


def _of_model(model: Any) -> Iterator[Mapping[str, Any]]:
    """A model of Flask-SQLAlchemy knows its session; any other needs a factory: `catalog=(Session, Product)`."""
    query = getattr(model, "query", None)
    if query is None:
        raise SettingsError(f"catalog: give the session, too: catalog=(Session, {model.__name__})")
    yield from map(_mapping, query)


def _mapping(row: Any) -> Mapping[str, Any]:
    """One row as names and values: mappings, SQLAlchemy rows and models, dataclasses, pydantic, named tuples."""
    if isinstance(row, Mapping):
        return row
    if hasattr(row, "_mapping"):  # SQLAlchemy's Row
        found = dict(row._mapping)
        models = [value for value in found.values() if hasattr(value, "__mapper__")]
        return _mapping(models[0]) if len(found) == len(models) == 1 else found
    if hasattr(row, "__mapper__"):
        names = [attribute.key for attribute in row.__mapper__.column_attrs]
        related = [one.key for one in row.__mapper__.relationships if not one.uselist]
        return {name: getattr(row, name, None) for name in (*names, *related)}
    for method in ("model_dump", "_asdict", "to_dict", "dict"):
        if callable(getattr(row, method, None)):
            return dict(getattr(row, method)())
    if hasattr(row, "__dict__"):
        return {name: value for name, value in vars(row).items() if not name.startswith("_")}
    raise SettingsError(f"catalog: a row is a mapping or an object with fields, not {type(row).__name__}")


def _of_address(address: str) -> Iterator[Mapping[str, Any]]:
    place, _, table = address.partition("#")
    if "://" in place:
        yield from _of_database(place, table)
        return
    path = Path(place)
    if not path.is_file():
        raise SettingsError(f"catalog: there is no file {place}")
    end = path.suffix.lower()
    if end in (".db", ".sqlite", ".sqlite3"):
        yield from _of_sqlite(path, table)
    elif end == ".xml":
        yield from _of_feed(path)
    elif end in (".json", ".jsonl", ".ndjson"):
        yield from _of_json(path, is_lines=end != ".json")
    else:
        yield from _of_csv(path)


def _of_sqlite(path: Path, table: str) -> Iterator[Mapping[str, Any]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        names = [row[0] for row in connection.execute(queries.TABLE_NAMES)]
        chosen = _table(names, table, str(path))
        quoted = chosen.replace('"', '""')
        for row in connection.execute(queries.TABLE_ROWS.format(table=quoted)):
            yield dict(row)


def _of_database(url: str, table: str) -> Iterator[Mapping[str, Any]]:
    try:
        from sqlalchemy import MetaData, Table, create_engine, select
        from sqlalchemy import inspect as look_into
    except ImportError:
        raise SettingsError("catalog: the address of a database needs SQLAlchemy: pip install SQLAlchemy") from None
    engine = create_engine(url)
    try:
        chosen = _table(look_into(engine).get_table_names(), table, url.split("@")[-1])
        with engine.connect() as connection:
            for row in connection.execute(select(Table(chosen, MetaData(), autoload_with=engine))):
                yield dict(row._mapping)
    finally:
        engine.dispose()


def _table(names: list[str], asked: str, place: str) -> str:
    if asked:
        if asked not in names:
            raise SettingsError(f"catalog: {place} has no table {asked!r}; it has {', '.join(sorted(names)[:20])}")
        return asked
    lowered = {name.lower(): name for name in names}
    found = next((lowered[name] for name in _TABLES if name in lowered), None)
    found = found or next((name for name in names if "product" in name.lower()), None)
    if found is None:
        raise SettingsError(
            f"catalog: name the table of products: {place}#TABLE; it has {', '.join(sorted(names)[:20])}"
        )
    return found


def _of_feed(path: Path) -> Iterator[Mapping[str, Any]]:
    """RSS or Atom as merchant centres take it: <item> with g:id, g:title, g:price ..."""
    for _, node in ElementTree.iterparse(path):
        if node.tag.rsplit("}", 1)[-1] in ("item", "entry"):
            yield {child.tag.rsplit("}", 1)[-1]: (child.text or child.get("href") or "").strip() for child in node}
            node.clear()


def _of_json(path: Path, *, is_lines: bool) -> Iterator[Mapping[str, Any]]:
    text = path.read_text("utf-8-sig")
    yield from _of_answer(
        [json.loads(line) for line in text.splitlines() if line.strip()] if is_lines else json.loads(text)
    )


def _of_csv(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        start = file.read(64 * 1024)
        file.seek(0)
        try:
            dialect: Any = csv.Sniffer().sniff(start, delimiters=",;\t|")
        except csv.Error:
            dialect = csv.excel_tab if path.suffix.lower() == ".tsv" else csv.excel
        for row in csv.DictReader(file, dialect=dialect):
            yield {name: value for name, value in row.items() if name is not None}
