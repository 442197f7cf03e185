import assert from "node:assert/strict";
import { test } from "node:test";
import { maskPath } from "../src/core/maskPath.ts";
import { matchRoute } from "../src/lib/matchRoute.ts";

test("segments that may name a person or open a door are masked, products are not", () => {
  const masked = {
    "/product/42": "/product/42",
    "/product/sku-12345678": "/product/sku-12345678",
    "/u/ann%40shop.example/x": "/u/[email]/x",
    "/u/ann@shop.example": "/u/[email]",
    "/call/+49-30-1234-5678": "/call/[number]",
    "/card/4111111111111111": "/card/[number]",
    "/reset/3f9aC0d1e2F3a4b5c6d7e8f9a0b1": "/reset/[token]",
    "/a-rather-long-name-of-a-product-with-2-parts": "/a-rather-long-name-of-a-product-with-2-parts",
    "/商品/蓝色茶壶": "/商品/蓝色茶壶",
    "/bad/%E0%A4%A": "/bad/%E0%A4%A",
    "/": "/",
  };
  for (const [path, expected] of Object.entries(masked)) assert.equal(maskPath(path), expected);
});

test("routes of Flask, Starlette and single-page routers", () => {
  const routes = ["/product/<id>", "/shop/{name}/edit", "/u/:id", "/files/<path:rest>", "/blog/*", "/n/<int:id>"];
  assert.equal(matchRoute(routes, "/product/7"), "/product/<id>");
  assert.equal(matchRoute(routes, "/product/"), undefined);
  assert.equal(matchRoute(routes, "/product/7/more"), undefined);
  assert.equal(matchRoute(routes, "/shop/a/edit"), "/shop/{name}/edit");
  assert.equal(matchRoute(routes, "/u/9"), "/u/:id");
  assert.equal(matchRoute(routes, "/files/a/b/c"), "/files/<path:rest>");
  assert.equal(matchRoute(routes, "/blog/a/b"), "/blog/*");
  assert.equal(matchRoute(routes, "/n/5"), "/n/<int:id>");
});
