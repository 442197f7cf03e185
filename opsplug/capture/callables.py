"""The one place that calls the shop's callables. They may be sync or async, raise, hang or answer nonsense; here that
costs the shop's request nothing, and whatever was not said clearly has not been said.

A coroutine runs in the request's own event loop where there is one and it is free to run it, else in a loop of ours
(on Flask always): one for the process, so that what a coroutine has opened there can be used by the next one.
"""

import asyncio
import inspect
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from opsplug.capture.answers import EXPECTED, Expected, WrongAnswerError
from opsplug.capture.guard import Guard
from opsplug.capture.visit import Visit, current_visit
from opsplug.settings import Settings

log = logging.getLogger("opsplug")

PAUSE: Final = 30.0  # seconds without a question after an answer that took longer than the callable's patience
_ON_THE_LOOP: Final = 0.25  # seconds that a server's event loop may be held while a loop of ours works
_OF_A_REQUEST: Final = ("is_staff", "consent", "user_id", "cart")  # asked while pages are made


class ShopCallable:
    """One callable of the shop. `ask` gives its answer as `answers` reads it, or `nothing` where it said nothing.

    A coroutine that takes too long is cancelled. A function cannot be: while one hangs no other request hangs with
    it, and one that took too long is left alone for a while.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        guard: Guard,
        loop: "HelperLoop | None" = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.is_async = _is_async(function)
        self._function = function
        self._expected: Expected = EXPECTED[name]
        self._guard = guard
        self._loop = loop or HelperLoop()
        self._clock = clock
        self._pauses = name != "admin"  # a slow directory must not lock the owner out after every page
        self._running: dict[object, float] = {}  # questions without an answer yet, and since when
        self._next = 0.0
        self._named = False

    def ask(self, *arguments: Any, nothing: Any = None, loop: asyncio.AbstractEventLoop | None = None) -> Any:
        """The answer, in the thread that asks; `loop` is the request's own event loop."""
        if self._is_left_alone():
            return nothing
        began = self._begin()
        try:
            answer = self._function(*arguments)
            if inspect.isawaitable(answer):
                answer = self._wait(answer, loop)
            return self._expected.read(answer)
        except Exception as error:
            self._failed(error)
            return nothing
        finally:
            self._end(began)

    async def await_answer(self, *arguments: Any, nothing: Any = None) -> Any:
        """The same in a coroutine, for callables that are coroutines themselves."""
        if self._is_left_alone():
            return nothing
        began = self._begin()
        try:
            answer = await asyncio.wait_for(self._function(*arguments), self._expected.patience)
            return self._expected.read(answer)
        except Exception as error:
            self._failed(error)
            return nothing
        finally:
            self._end(began)

    def of(self, visit: Visit, nothing: Any = None) -> Any:
        """The answer for the request of this visit: the one that was awaited before, where it was."""
        if visit.answers is not None and self.name in visit.answers:
            answer = visit.answers[self.name]
            return nothing if answer is None else answer
        return self.ask(visit.host.native(), nothing=nothing, loop=visit.host.loop)

    def _wait(self, answer: Awaitable[Any], loop: asyncio.AbstractEventLoop | None) -> Any:
        patience = self._expected.patience
        running = _running_loop()
        if running is not None:
            patience = min(patience, _ON_THE_LOOP)
        if loop is None or loop is running or loop.is_closed():
            loop = self._loop.get()
        if loop is running:
            _drop(answer)
            raise RuntimeError(f"{self.name} was asked from within another coroutine of the shop's")
        return _result(answer, loop, patience)

    def _is_left_alone(self) -> bool:
        now = self._clock()
        if now < self._next or any(now - at > self._expected.patience for at in list(self._running.values())):
            self._guard.counters.note("callables_not_asked.*", self.name)
            return True
        return False

    def _begin(self) -> tuple[object, float]:
        question, began = object(), self._clock()
        self._running[question] = began
        return question, began

    def _end(self, question: tuple[object, float]) -> None:
        del self._running[question[0]]
        took = self._clock() - question[1]
        if took > self._expected.patience and self._pauses:
            self._next = self._clock() + PAUSE
            self._guard.counters.add(f"errors.{self.name}")
            log.error(
                "opsplug: %s took %.1f s and is not asked for %.0f s; %s",
                self.name, took, PAUSE, self._expected.instead,
            )  # fmt: skip

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, WrongAnswerError):
            self._guard.swallowed(self.name, error)
            return
        self._guard.counters.add(f"errors.{self.name}")
        self._guard.counters.note("wrong_answers.*", self.name)
        if not self._named:
            self._named = True
            log.error(
                "opsplug: %s answered %s; %s is expected: %s",
                self.name, error, self._expected.answer, self._expected.instead,
            )  # fmt: skip


class Callables:
    """The shop's callables, each None where the shop has given none."""

    def __init__(self, settings: Settings, guard: Guard) -> None:
        self._loop = HelperLoop()

        def guarded(name: str) -> ShopCallable | None:
            function = getattr(settings, name)
            return ShopCallable(name, function, guard, self._loop) if callable(function) else None

        self.admin = guarded("admin")
        self.is_staff = guarded("is_staff")
        self.consent = guarded("consent")
        self.user_id = guarded("user_id")
        self.cart = guarded("cart")
        self.is_available = guarded("is_available")
        self.price = guarded("price")
        self.order_lookup = guarded("order_lookup")
        self.recent_orders = guarded("recent_orders")
        self._awaited = [found for name in _OF_A_REQUEST if (found := getattr(self, name)) and found.is_async]

    @property
    def are_awaited(self) -> bool:
        """Whether an adapter with an event loop should `await_answers` before it asks the observer."""
        return bool(self._awaited)

    async def await_answers(self, visit: Visit) -> None:
        """Ask what is asked of each request and is a coroutine, in the request's own loop."""
        native = visit.host.native()
        visit.answers = {found.name: await found.await_answer(native) for found in self._awaited}

    def prices(self, ids: Sequence[str]) -> dict[str, float]:
        """Current prices of these items, as far as the shop says them."""
        return {} if self.price is None else self.price.ask(list(ids), nothing={}, loop=loop_of_the_visit())

    def cart_of(self, visit: Visit) -> list[str]:
        """Item ids in the cart of this visit, as far as the shop says them."""
        return [] if self.cart is None else self.cart.of(visit, nothing=[])

    def order(self, number: str, user_id: str) -> str | None:
        """The state of an order; raises `LookupError` where the shop has not said."""
        if self.order_lookup is None:
            return None
        asked: Any = self.order_lookup.ask(number, user_id, nothing=LookupError, loop=loop_of_the_visit())
        if asked is LookupError:
            raise LookupError("order_lookup gave no answer")
        return str(asked) if asked is not None else None

    def orders(self, user_id: str) -> list[tuple[str, str]]:
        """(number, state) of a user's newest orders, as far as the shop says them."""
        if self.recent_orders is None:
            return []
        found: list[tuple[str, str]] = self.recent_orders.ask(user_id, nothing=[], loop=loop_of_the_visit())
        return found

    def stop(self) -> None:
        self._loop.stop()


class HelperLoop:
    """An event loop on a thread of ours, for coroutines of shops that have no loop themselves; begun when needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def get(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            # After a fork the loop is there and its thread is not.
            if self._loop is None or self._thread is None or not self._thread.is_alive():
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="opsplug-callables", daemon=True)
                self._thread.start()
            return self._loop

    def stop(self) -> None:
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is not None and thread is not None and thread.is_alive():
            loop.call_soon_threadsafe(loop.stop)
            thread.join(5.0)
            loop.close()


def _result(answer: Awaitable[Any], loop: asyncio.AbstractEventLoop, patience: float) -> Any:
    """Run in that loop, with this thread's context, and wait for it here."""

    async def bounded() -> Any:
        return await asyncio.wait_for(answer, patience)

    future = asyncio.run_coroutine_threadsafe(bounded(), loop)
    try:
        return future.result(patience + 0.5)  # a loop that hangs itself cancels nothing
    except TimeoutError:
        future.cancel()
        raise TimeoutError(f"no answer within {patience:g} s") from None


def loop_of_the_visit() -> asyncio.AbstractEventLoop | None:
    """The event loop that serves the current request, where there is one."""
    visit = current_visit()
    return None if visit is None else visit.host.loop


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _drop(answer: Awaitable[Any]) -> None:
    """An answer that nobody waits for must not be complained about."""
    if inspect.iscoroutine(answer):
        answer.close()
