import assert from "node:assert/strict";
import { test } from "node:test";
import { createOnce } from "../src/core/createOnce.ts";
import { readDataLayer } from "../src/core/readDataLayer.ts";
import { hashText } from "../src/lib/hashText.ts";
import { formatPrice } from "../src/recommendations/formatPrice.ts";
import { type Click, createBursts } from "../src/ux/createBursts.ts";

function bursts(clicks: Click[]): number[] {
  const found: number[] = [];
  const watch = createBursts((burst) => found.push(burst.length), () => {});
  for (const click of clicks) watch.add(click);
  watch.end();
  return found;
}

test("three clicks, near and quick, are a burst; two, distant, slow or answered ones are not", () => {
  const at = (...times: number[]): Click[] => times.map((time) => ({ at: time, x: 0, y: 0 }));
  assert.deepEqual(bursts(at(0, 900, 1_800)), [3]);
  assert.deepEqual(bursts(at(0, 100)), []);
  assert.deepEqual(bursts(at(0, 1_001, 2_002)), []);
  assert.deepEqual(bursts(at(0, 100, 200, 300, 2_000, 2_100, 2_200)), [4, 3]);
  assert.deepEqual(bursts([0, 1, 2].map((n) => ({ at: n, x: n * 31, y: 0 }))), []);
  assert.deepEqual(bursts(at(0, 100, 200).map((click) => ({ ...click, answered: true }))), []);
});

test("a data layer's event keeps GA4's keys and nothing else", () => {
  const entry = { event: "add_to_cart", user: "Ann", ecommerce: { currency: "EUR", items: [{ item_id: "a", price: 1, note: "x" }] } };
  assert.deepEqual(readDataLayer(entry), { name: "add_to_cart", properties: { currency: "EUR", items: [{ item_id: "a", price: 1 }] } });
  assert.equal(readDataLayer({ event: "purchase" }), undefined);
  for (const odd of [null, "text", 7, [], { event: {} }, ["event"]]) assert.equal(readDataLayer(odd), undefined);
  assert.deepEqual(readDataLayer({ 0: "event", 1: "search", 2: { search_term: "mug" } })?.properties, { search_term: "mug" });
});

test("one act is told once", () => {
  let time = 0;
  const once = createOnce(() => time);
  const mug = { items: [{ item_id: "mug" }] };
  assert.equal(once.first("markup", "add_to_cart", mug), true);
  assert.equal(once.first("datalayer", "add_to_cart", mug), false);
  assert.equal(once.first("markup", "add_to_cart", mug), true);
  time = 2_000;
  assert.equal(once.first("datalayer", "add_to_cart", mug), true);
  assert.equal(once.first("page", "view_item", mug), true);
  assert.equal(once.first("page", "view_item", mug), false);
});

test("a hash is stable and tells texts apart", () => {
  assert.equal(hashText("Add to cart"), hashText("Add to cart"));
  assert.notEqual(hashText("Add to cart"), hashText("Add to card"));
  assert.match(hashText(""), /^[0-9a-f]{16}$/);
});

test("prices are written as the language writes them", () => {
  assert.equal(formatPrice({ price: 9.9, currency: "EUR", price_text: "9,90\u00a0€" }, "en"), "9,90\u00a0€");
  assert.equal(formatPrice({ price: 9.9, currency: "EUR" }, "en"), "€9.90");
  assert.equal(formatPrice({ price: 9.9, currency: "CNY" }, "zh"), "¥9.90");
  assert.equal(formatPrice({ price: 1200, currency: "JPY" }, "en"), "¥1,200");
  assert.equal(formatPrice({ price: 5, currency: "no such money" }, "en"), "5");
  assert.equal(formatPrice({ price: 5, currency: null }, "en"), "5");
  assert.equal(formatPrice({ price: undefined, currency: "EUR" }, "en"), "");
});
