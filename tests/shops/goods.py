"""What the fixture shops sell: made up by a seed, with the awkward cases that real goods have."""

import random
from dataclasses import dataclass

_THINGS = {
    "en": (["Kitchen", "Garden", "Office", "Toys"], ["Red", "Large", "Wooden", "Folding", "Quiet", "Spare", "Travel"],
           ["Mug", "Lamp", "Chair", "Kettle", "Rake", "Notebook", "Puzzle", "Bowl", "Clock", "Basket", "Torch"]),
    "ru": (["Кухня", "Сад", "Офис"], ["Красный", "Большой", "Тихий", "Складной"],
           ["чайник", "стул", "фонарь", "блокнот", "совок", "будильник", "ковш"]),
    "ar": (["المطبخ", "الحديقة", "المكتب"], ["أحمر", "كبير", "خشبي", "هادئ"],
           ["كوب", "مصباح", "كرسي", "إبريق", "دفتر", "ساعة", "سلة"]),
    "zh": (["厨房", "花园", "办公"], ["红色", "大号", "木制", "静音"], ["杯子", "台灯", "椅子", "水壶", "笔记本", "闹钟", "篮子"]),
    "de": (["Küche", "Garten", "Büro"], ["Rote", "Große", "Leise", "Faltbare"],
           ["Tasse", "Lampe", "Kanne", "Harke", "Uhr", "Schale", "Mappe"]),
}  # fmt: skip


@dataclass(frozen=True)
class Good:
    """One product and what is true of it."""

    id: int
    slug: str
    name: str
    category: str
    price: float
    old_price: float | None
    image: str
    stock: int
    text: str

    @property
    def category_slug(self) -> str:
        return f"c{sum(map(ord, self.category)) % 97}"


def goods(language: str = "en", n: int = 24, seed: int = 7) -> list[Good]:
    rng = random.Random(f"{language}{seed}")
    categories, words, things = _THINGS[language]
    pairs = [(word, thing) for thing in things for word in words]
    rng.shuffle(pairs)
    made = []
    for number, (word, thing) in enumerate(pairs[:n], 1):
        price = rng.choice([rng.randrange(3, 90), rng.randrange(300, 9000) / 100, rng.randrange(1000, 4000)])
        made.append(
            Good(
                id=100 + number,
                slug=f"item-{number}-{rng.randrange(1000)}",
                name=f"{word} {thing}" + (f" {rng.randrange(2, 9)}L" if rng.random() < 0.2 else ""),
                category=rng.choice(categories),
                price=float(price),
                old_price=float(price) * 1.25 if rng.random() < 0.3 else None,
                image=f"/static/img/p{number}.jpg",
                stock=0 if rng.random() < 0.15 else rng.randrange(1, 40),
                text=" ".join(rng.choice(things) for _ in range(rng.randrange(0, 30))),
            )
        )
    return made
