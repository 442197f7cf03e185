import numpy as np

from opsplug.models.series.trends import trends
from opsplug.models.text.tags import tags


def test_chance_is_not_a_trend():
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(20):
        before = {str(n): int(count) for n, count in enumerate(rng.poisson(30, 200))}
        now = {str(n): int(count) for n, count in enumerate(rng.poisson(33, 200))}
        found += len(trends(before, now))
    assert found <= 3


def test_what_doubled_beside_the_shop_is_found_with_its_size():
    rng = np.random.default_rng(1)
    before = {str(n): int(count) for n, count in enumerate(rng.poisson(60, 100))}
    now = {str(n): int(count) for n, count in enumerate(rng.poisson(120, 100))}  # the whole shop doubled
    now["7"], now["9"] = 4 * before["7"], before["9"] // 4
    found = {trend.key: trend for trend in trends(before, now)}
    assert set(found) == {"7", "9"}
    assert found["7"].rises
    assert found["7"].lower < 2 < found["7"].upper
    assert not found["9"].rises


def test_few_say_nothing():
    assert trends({"a": 1.0}, {"a": 18.0, "b": 200.0}) == []
    assert trends({}, {}) == []
    assert trends({}, {"a": 100.0}) == []


def test_tags_are_words_that_items_share_and_pairs_that_belong_together():
    colours = ["red", "green", "blue", "white", "black"]
    texts = {f"m{n}": f"ICE CREAM bowl {colours[n % 5]} {n}" for n in range(10)}
    texts |= {f"c{n}": f"teapot {colours[n % 5]} of the set" for n in range(10)}
    texts |= {f"x{n}": f"thing{n} other{n}" for n in range(40)}
    found = tags(texts)
    assert any("ice cream" in tag for tag in found["m0"])
    assert "teapot" in found["c1"]
    assert found["x0"] == []
    assert not any(word in tag.split() for own in found.values() for tag in own for word in ("of", "the"))


def test_tags_in_chinese_without_a_segmenter():
    kinds, rooms = ["茶壶", "水杯", "毛巾", "台灯", "花瓶"], ["蓝色", "红色", "厨房", "客厅"]
    texts = {f"{kind}{room}": f"{room}的{kind}" for kind in kinds for room in rooms}
    found = tags(texts)
    assert "茶壶" in found["茶壶蓝色"]
    assert all(len(tag) > 1 and "的" not in (tag[0], tag[-1]) for own in found.values() for tag in own)


def test_no_texts():
    assert tags({}) == {}
    assert tags({"a": ""}) == {"a": []}
