"""`engine.recommend` as the shop calls it: inside a request, visitor and cart default to the current visitor's."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from opsplug.capture.callables import Callables
from opsplug.capture.guard import Guard
from opsplug.capture.visit import current_visit
from opsplug.errors import EventError
from opsplug.events import text_id
from opsplug.features.recommendation_id import UNTRAINED
from opsplug.privacy.keys import Keys
from opsplug.services.recommend.query import listed
from opsplug.services.recommend.recommender import Recommendations, Recommender


class CurrentVisitor:
    """Asks the recommender for whoever is looking; the shop's own user ids become pseudonyms here."""

    def __init__(
        self,
        recommender: Callable[[], Recommender],
        keys: Callable[[], Keys],
        guard: Guard,
        callables: Callables,
    ) -> None:
        self._recommender = recommender
        self._keys = keys
        self._guard = guard
        self._callables = callables

    def recommend(
        self,
        placement: str = "home",
        item_id: str | None = None,
        user_id: str | int | None = None,
        anonymous_id: str | None = None,
        history: Iterable[Any] = (),
        k: int = 8,
        now: datetime | float | None = None,
        exclude: Iterable[str] = (),
        candidates: Iterable[str] | None = None,
        repeats: bool = False,
        *,
        language: str | None = None,
        cart: Sequence[str] = (),
        impersonal: bool = False,
    ) -> Recommendations:
        """Choose a list of at most `k` items for a place of the shop.

        Parameters
        ----------
        placement : str
            home, item, cart, order, search or article.
        item_id : str, optional
            The item beside which the list stands.
        user_id : str or int, optional
            The shop's own id of the user. Default inside a request: the current visitor.
        anonymous_id : str, optional
            The visitor, where no user is known.
        history : iterable
            Item ids, `(item_id, time)` or `(item_id, time, event name)`, oldest first; times are aware datetimes or
            epoch
            seconds. Added to what the store knows of the visitor.
        k : int
            The longest list wanted, 1 to 100.
        now : datetime or float, optional
            The moment of the question. Default: now.
        exclude : iterable of str
            Items that must not be in it.
        candidates : iterable of str, optional
            The only items that may be in it.
        repeats : bool
            Whether things that the visitor bought before may be in it.
        language : str, optional
            Of the reasons. Default: the setting.
        cart : iterable of str
            Items that lie in the cart, beyond the visitor's cart events.
        impersonal : bool
            Leave out who is looking, for pages that a cache keeps for everybody.

        Returns
        -------
        Recommendations
            With `rung`, which says how much was known: catalogue, popular, item, session or personal.

        Raises
        ------
        EventError
            An argument does not fit; the message names it. Nothing else is raised: what fails of ours gives an empty
            list.
        """
        try:
            return self.ask(
                placement, item_id, user_id, anonymous_id, cart, impersonal, history=history, k=k, now=now,
                exclude=exclude, candidates=candidates, repeats=repeats, language=language,
            )  # fmt: skip
        except EventError:
            raise
        except Exception as error:
            self._guard.swallowed("recommend", error)
            return Recommendations("", "catalogue", UNTRAINED, [], "0: lists cannot be made now; the log says why")

    def ask(
        self, placement: str = "home", item_id: str | None = None, user_id: str | int | None = None,
        anonymous_id: str | None = None, cart: Sequence[str] = (), impersonal: bool = False, **question: Any,
    ) -> Recommendations:  # fmt: skip
        """As `recommend`, for our own pages: what fails is raised, they say so."""
        user = None
        if user_id is not None:
            account = text_id(user_id, "user_id")
            with self._guard("keys"):
                user = self._keys().pseudonym(account)
        visit = current_visit()
        basket = listed(cart, "cart")
        if visit is not None and not impersonal:
            if user is None and anonymous_id is None and visit.identity.anonymous_id is not None:
                user, anonymous_id = visit.user, visit.identity.anonymous_id
            basket += self._callables.cart_of(visit)
        return self._recommender().recommend(
            user_id=user, anonymous_id=anonymous_id, cart=basket, placement=placement, item_id=item_id, **question
        )
