"""The command `opsplug`: each command reads its options, calls one function below and shows the result."""

from opsplug.cli.app import main

__all__ = ["main"]
