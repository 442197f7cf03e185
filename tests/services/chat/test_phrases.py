"""German is understood by its file of phrases alone; English and Chinese go on by their patterns."""

import pytest

from opsplug.services.chat.understanding.understanding import Context, understand


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Hallo!", "greeting"),
        ("Guten Tag zusammen", "greeting"),
        ("Vielen Dank für die schnelle Hilfe", "thanks"),
        ("Tschüss", "goodbye"),
        ("Nein danke", "no"),
        ("Ja, genau", "yes"),
        ("Alles klar", "ok"),
        ("Ich möchte mit einem Menschen sprechen", "person"),
        ("Wo ist meine Bestellung AB-10023?", "order_status"),
        ("Haben Sie rote Tassen?", "search"),
        ("Können Sie mir etwas empfehlen?", "recommend"),
        ("Sind Sie ein Roboter?", "who_are_you"),
        ("Hallo, wie lange dauert die Lieferung?", "question"),
        ("Danke, aber wie gebe ich etwas zurück?", "question"),
        ("Was kostet der Versand?", "question"),
    ],
)
def test_german(text: str, intent: str) -> None:
    assert understand(text, Context(language="de")).intent == intent


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Do you deliver to Germany?", "question"),
        ("no refund yet", "question"),
        ("hello how do i return", "question"),
        ("Is the gut string natural?", "question"),
        ("多久能到？", "question"),
    ],
)
def test_other_languages_are_not_taken_for_it(text: str, intent: str) -> None:
    assert understand(text, Context(language="en")).intent == intent
