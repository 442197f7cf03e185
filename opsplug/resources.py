"""Finds the files that live beside the package in a checkout and inside it in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder `name` ("migrations", "js_snippet"): inside the package, else the one beside it."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def package_folder(name: str) -> Path:
    """A folder that always lives inside the package, such as web/templates."""
    return _PACKAGE / name
