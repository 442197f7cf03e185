"""Ways in which shops write their pages, none of them with markup for machines: each a template of a product's page, of
a list, and the address of both."""

from collections.abc import Callable
from dataclasses import dataclass

from jinja2 import Environment

from tests.shops.goods import Good

_environment = Environment(autoescape=True)


def _western(value: float) -> str:
    return f"{value:,.2f}"


def _german(value: float) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def _russian(value: float) -> str:
    text = f"{value:,.2f}".replace(",", "\u00a0").replace(".", ",")
    return text.removesuffix(",00")


def _arabic(value: float) -> str:
    return f"{value:.2f}".translate(str.maketrans("0123456789.", "٠١٢٣٤٥٦٧٨٩٫"))


_environment.filters |= {"western": _western, "german": _german, "russian": _russian, "arabic": _arabic}


@dataclass(frozen=True)
class Design:
    """`product_rule`: Flask's way of writing the address of a product's page."""

    name: str
    language: str
    product_rule: str
    product: str
    card: str
    page: str
    has_categories: bool = True
    list_rule: str = "/category/<name>"
    image_host: str = ""

    def path(self, good: Good) -> str:
        return (
            self.product_rule.replace("<int:id>", str(good.id)).replace("<slug>", good.slug)
            .replace("<category>", good.category_slug)
        )  # fmt: skip

    def params(self, good: Good) -> dict[str, object]:
        given = {
            "<int:id>": ("id", good.id),
            "<slug>": ("slug", good.slug),
            "<category>": ("category", good.category_slug),
        }
        return dict(pair for mark, pair in given.items() if mark in self.product_rule)

    def product_page(self, good: Good, stock: list[Good]) -> str:
        others = [one for one in stock if one.category == good.category and one is not good][:4]
        body = self._render(self.product, good=good, related=[self._card(one) for one in others])
        return self._page(body, stock, good.name)

    def list_page(self, title: str, stock: list[Good], shown: list[Good]) -> str:
        body = self._render("<h1>{{ title }}</h1><div class='row list'>{{ cards|join|safe }}</div>", title=title,
                            cards=[self._card(one) for one in shown])  # fmt: skip
        return self._page(body, stock, title)

    def _card(self, good: Good) -> str:
        return self._render(self.card, good=good)

    def _page(self, body: str, stock: list[Good], title: str) -> str:
        categories = {good.category: f"/category/{good.category_slug}" for good in stock}
        return self._render(self.page, body=body, title=title, categories=categories)

    def _render(self, source: str, **values: object) -> str:
        return _environment.from_string(source).render(host=self.image_host, path=self.path, **values)


_BOOTSTRAP_PAGE = """<!doctype html><html lang="en"><head><title>{{ title }} | Corner Shop</title></head><body>
<nav class="navbar navbar-expand-lg"><a class="navbar-brand" href="/">Corner Shop</a><ul class="navbar-nav">
{% for name, link in categories.items() %}<li class="nav-item"><a class="nav-link" href="{{ link }}">{{ name }}</a></li>
{% endfor %}<li><a href="/cart">Cart ($0.00)</a></li></ul></nav>
<main class="container">{{ body|safe }}</main><footer class="footer"><h2>Newsletter</h2><p>Free shipping from $50</p>
</footer></body></html>"""

BOOTSTRAP = Design(
    "bootstrap", "en", "/product/<int:id>",
    """<div class="row"><div class="col-md-6"><img class="img-fluid" src="{{ good.image }}"></div>
    <div class="col-md-6"><h2>{{ good.name }}</h2><p class="lead">${{ good.price|western }}</p>
    {% if good.stock %}<p class="text-success">{{ good.stock }} left</p>
    <form method="post" action="/cart/add"><input type="hidden" name="product_id" value="{{ good.id }}">
    <input type="number" name="quantity" value="1"><button class="btn btn-primary">Add to cart</button></form>
    {% else %}<p class="text-danger">Out of stock</p>{% endif %}<p>{{ good.text }}</p></div></div>
    <h3>You may also like</h3><div class="row">{{ related|join|safe }}</div>""",
    """<div class="col-md-3"><div class="card"><a href="{{ path(good) }}"><img class="card-img-top" src="{{ good.image }}"></a>
    <div class="card-body"><h5 class="card-title">{{ good.name }}</h5><p class="card-text">${{ good.price|western }}</p>
    <a class="btn" href="{{ path(good) }}">View</a></div></div></div>""",
    _BOOTSTRAP_PAGE,
)  # fmt: skip

TAILWIND = Design(
    "tailwind", "en", "/p/<slug>",
    """<div class="mx-auto grid grid-cols-2"><div class="aspect-square"><img class="h-full w-full object-cover"
    src="{{ host }}{{ good.image }}" alt="{{ good.name }}"></div><div class="p-4"><h1 class="text-3xl font-bold">{{ good.name }}</h1>
    <div class="mt-3 flex items-center">{% if good.old_price %}<span class="text-gray-400 line-through"><s>${{ good.old_price|western }}</s></span>
    <span class="text-3xl text-red-600">${{ good.price|western }}</span><span class="badge">-20%</span>
    {% else %}<span class="text-3xl">${{ good.price|western }}</span>{% endif %}</div>
    <p class="mt-2 text-sm">Category: <a href="/category/{{ good.category_slug }}">{{ good.category }}</a></p>
    <button class="mt-10 w-full bg-indigo-600" {% if not good.stock %}disabled{% endif %}>{{ "Add to bag" if good.stock else "Sold out" }}</button>
    <p class="mt-6">{{ good.text }}</p></div></div>
    <section class="mt-12"><h2 class="text-xl">Reviews</h2><div class="review"><h3>Best {{ good.category }} ever</h3>
    <p>I paid $5.00 elsewhere</p></div></section>
    <section><h2>Customers also bought</h2><div class="grid">{{ related|join|safe }}</div></section>""",
    """<div class="group relative"><img class="aspect-square" src="{{ host }}{{ good.image }}"><h3 class="text-sm"><a href="{{ path(good) }}">
    {{ good.name }}</a></h3><p class="text-sm font-medium">${{ good.price|western }}</p></div>""",
    _BOOTSTRAP_PAGE, image_host="https://cdn.example.net",
)  # fmt: skip

RUSSIAN = Design(
    "russian", "ru", "/catalog/<category>/<slug>",
    """<ul class="breadcrumb"><li><a href="/">Главная</a></li><li><a href="/category/{{ good.category_slug }}">{{ good.category }}</a></li>
    <li class="active">{{ good.name }}</li></ul>
    <h1>{{ good.name }}</h1><img src="{{ good.image }}" alt=""><div class="cena">{{ good.price|russian }} ₽</div>
    {% if good.old_price %}<div class="old">{{ good.old_price|russian }} ₽</div>{% endif %}
    <div class="nalichie">{{ "В наличии" if good.stock else "Нет в наличии" }}</div>
    <form action="/korzina" method="post"><button>Купить</button></form><p>{{ good.text }}</p>
    <h4>Похожие товары</h4><div>{{ related|join|safe }}</div>""",
    """<div class="tovar"><a href="{{ path(good) }}"><img src="{{ good.image }}"><span>{{ good.name }}</span></a>
    <b>{{ good.price|russian }} ₽</b></div>""",
    """<!doctype html><html lang="ru"><head><title>{{ title }} - Лавка</title></head><body><div id="top"><a href="/">Лавка</a></div>
    <div id="content">{{ body|safe }}</div></body></html>""",
)  # fmt: skip

ARABIC = Design(
    "arabic", "ar", "/muntaj/<int:id>",
    """<div class="product-page"><div class="info"><h1 class="title">{{ good.name }}</h1>
    <span class="price">{{ good.price|arabic }} ر.س</span><a class="btn" href="/cart/add/{{ good.id }}">أضف إلى السلة</a>
    <button>أضف إلى السلة</button><div>القسم: <a href="/category/{{ good.category_slug }}">{{ good.category }}</a></div>
    {% if not good.stock %}<em>غير متوفر</em>{% endif %}</div><figure><img src="{{ good.image }}"></figure></div>
    <div class="related">{{ related|join|safe }}</div>""",
    """<article><a href="{{ path(good) }}"><img src="{{ good.image }}"><h3>{{ good.name }}</h3></a><span class="price">{{ good.price|arabic }} ر.س</span></article>""",
    """<!doctype html><html dir="rtl" lang="ar"><head><title>متجر الزاوية</title></head><body><header><nav>
    {% for name, link in categories.items() %}<a href="{{ link }}">{{ name }}</a>{% endfor %}</nav></header>
    <main>{{ body|safe }}</main></body></html>""",
)  # fmt: skip

TABLE = Design(
    "table", "de", "/artikel/<int:id>",
    """<table border="0"><tr><td rowspan="4"><img src="../static/img/{{ good.image.split('/')[-1] }}"></td><td><b>{{ good.name }}</b></td></tr>
    <tr><td>Preis</td><td>{{ good.price|german }} EUR inkl. MwSt.</td></tr><tr><td>Kategorie: {{ good.category }}</td></tr>
    <tr><td>{{ "auf Lager" if good.stock else "ausverkauft" }}</td></tr></table>
    <form method="post" action="/korb"><input type="hidden" name="item" value="{{ good.id }}"><input type="submit" value="In den Warenkorb"></form>
    <p>{{ good.text }}</p>""",
    """<tr><td><a href="{{ path(good) }}">{{ good.name }}</a></td><td>{{ good.price|german }} EUR</td></tr>""",
    """<html><head><title>Trödel - {{ title }}</title></head><body><h1>Omas Trödelladen</h1><table><tr><td>
    {% for name, link in categories.items() %}<a href="{{ link }}">{{ name }}</a><br>{% endfor %}</td><td>{{ body|safe }}</td></tr></table></body></html>""",
)  # fmt: skip

CHINESE = Design(
    "chinese", "zh", "/goods/<int:id>.html",
    """<div class="crumbs"><a href="/">首页</a> &gt; <a href="/category/{{ good.category_slug }}">{{ good.category }}</a> &gt; <span>{{ good.name }}</span></div>
    <div class="detail"><div class="pic" style="background-image: url('{{ good.image }}')"></div>
    <div class="name">{{ good.name }}</div><div class="jiage">¥<em>{{ good.price|western }}</em></div>
    {% if good.old_price %}<del>¥{{ good.old_price|western }}</del>{% endif %}
    {% if good.stock %}<button>加入购物车</button>{% else %}<button disabled>缺货</button>{% endif %}</div><div class="desc">{{ good.text }}</div>""",
    """<li><a href="{{ path(good) }}"><img src="{{ good.image }}" alt="{{ good.name }}"></a><p>{{ good.name }}</p><i>¥{{ good.price|western }}</i></li>""",
    """<!doctype html><html lang="zh"><head><title>{{ title }}_角落商店</title></head><body><ul class="menu">
    {% for name, link in categories.items() %}<li><a href="{{ link }}">{{ name }}</a></li>{% endfor %}</ul>{{ body|safe }}</body></html>""",
)  # fmt: skip

BULMA = Design(
    "bulma", "en", "/shop/item/<slug>",
    """<section class="hero"><h1 class="title is-1">Welcome to the market</h1></section>
    <div class="columns"><div class="column"><figure class="image"><img data-src="{{ good.image }}" src="/static/blank.gif" class="lazy"></figure></div>
    <div class="column"><h3 class="title is-4">{{ good.name }}</h3><div class="tags"><span class="tag">{{ good.category }}</span></div>
    <p class="subtitle">Price: {{ good.price|western }} USD {% if good.old_price %}(was {{ good.old_price|western }} USD){% endif %}</p>
    <p>Rated 4.{{ good.id % 10 }} of 5 by {{ good.id }} customers</p><p>Weight: {{ good.id * 10 }} g</p>
    <a class="button is-primary" href="/shop/add?id={{ good.id }}">Buy now</a>{% if not good.stock %}<span class="tag is-danger">Currently unavailable</span>{% endif %}
    <div class="content">{{ good.text }}</div></div></div>""",
    """<div class="column is-3"><div class="box"><figure><img data-src="{{ good.image }}" src="/static/blank.gif"></figure>
    <p class="title is-5"><a href="{{ path(good) }}">{{ good.name }}</a></p><p>{{ good.price|western }} USD</p></div></div>""",
    """<!doctype html><html lang="en"><head><title>{{ title }} :: Market</title></head><body><nav class="navbar"><div class="navbar-menu">
    {% for name, link in categories.items() %}<a class="navbar-item" href="{{ link }}">{{ name }}</a>{% endfor %}</div></nav>
    <div class="container">{{ body|safe }}</div></body></html>""",
)  # fmt: skip

DESIGNS = (BOOTSTRAP, TAILWIND, RUSSIAN, ARABIC, TABLE, CHINESE, BULMA)
Render = Callable[[Good], str]
