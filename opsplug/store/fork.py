"""Tells objects that hold connections, locks or threads when the process forks (gunicorn preloads, multiprocessing)."""

import os
from typing import Protocol
from weakref import WeakSet


class ForkAware(Protocol):
    """`before_fork` and `after_fork_in_parent` run in the parent, `after_fork_in_child` in the child."""

    def before_fork(self) -> None: ...
    def after_fork_in_parent(self) -> None: ...
    def after_fork_in_child(self) -> None: ...


_holders: "WeakSet[ForkAware]" = WeakSet()
_users: "WeakSet[ForkAware]" = WeakSet()


def watch(thing: ForkAware, *, uses_others: bool = False) -> None:
    """Tell this object of every fork, for as long as it lives.

    One that `uses_others` (a thread that writes to the store) is told after them, so that it finds them ready.
    """
    (_users if uses_others else _holders).add(thing)


def _before() -> None:
    for thing in [*_users, *_holders]:
        thing.before_fork()


def _in_parent() -> None:
    for thing in [*_holders, *_users]:
        thing.after_fork_in_parent()


def _in_child() -> None:
    for thing in [*_holders, *_users]:
        thing.after_fork_in_child()


os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
