"""A cart's value: from its events at today's prices, and nobody else's."""

from __future__ import annotations

from pathlib import Path

from opsplug import Engine


def put(engine: Engine, at: int, event: str, item_id: str, quantity: int, visitor: str) -> None:
    items = [{"item_id": item_id, "quantity": quantity, "price": 1.0}]
    more = {"value": 1.0, "currency": "EUR", "properties": {"transaction_id": "t"}} if event == "purchase" else {}
    engine.track(event, items=items, anonymous_id=visitor, timestamp=1.79e9 + at, **more)


def test_a_carts_value_follows_its_events_and_todays_prices(tmp_path: Path) -> None:
    engine = Engine(store=f"sqlite:///{tmp_path}/s.db", testing=True, currency="EUR", price=lambda ids: {"b": 7.5})
    engine.catalog.upsert([{"item_id": "a", "item_name": "A", "price": 2.0}, {"item_id": "b", "item_name": "B"}])
    put(engine, 0, "add_to_cart", "a", 3, "v")
    put(engine, 1, "add_to_cart", "b", 2, "v")
    put(engine, 2, "remove_from_cart", "a", 1, "v")
    put(engine, 3, "add_to_cart", "b", 9, "other")
    engine.flush()
    cart = engine.chat.cart("v", None)
    assert (dict(cart.items), cart.value, cart.currency) == ({"a": 2.0, "b": 2.0}, 19.0, "EUR")
    assert engine.chat.cart("nobody", None).value == 0.0 == engine.chat.cart(None, None).value
    put(engine, 4, "purchase", "b", 2, "v")
    engine.flush()
    assert engine.chat.cart("v", None).value == 4.0
    engine.close()


def test_a_full_cart_calls_a_person_at_the_first_question_without_an_answer(tmp_path: Path) -> None:
    engine = Engine(store=f"sqlite:///{tmp_path}/s.db", testing=True, chat_cart_value=50.0)
    engine.catalog.upsert([{"item_id": "a", "item_name": "A", "price": 30.0}])
    put(engine, 1, "add_to_cart", "a", 2, "full")
    put(engine, 2, "add_to_cart", "a", 1, "small")
    engine.flush()
    assert engine.chat.reply("hello", anonymous_id="full").action == "answer"
    told = engine.chat.reply("flibber gostak dosh", anonymous_id="full")
    state = engine.chat.log.read(told.conversation_id)
    assert told.action == "handover" and state is not None and state.triggers[0][1] == "high_cart"
    assert engine.chat.reply("flibber gostak dosh", anonymous_id="small").action == "ask"
    engine.close()
