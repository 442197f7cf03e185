import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseLanguage } from "../src/lib/chooseLanguage.ts";
import { fill } from "../src/lib/fill.ts";

const KNOWN = ["de", "zh", "pt-BR", "1a2b3c4d"]; // as the tag says them, the hash among them

test("the first tag that is known wins, from the narrowest to the widest", () => {
  assert.equal(chooseLanguage(["de-AT", "zh-CN"], KNOWN), "de");
  assert.equal(chooseLanguage(["", "tlh", "zh-Hans-CN"], KNOWN), "zh");
  assert.equal(chooseLanguage(["pt_br"], KNOWN), "pt-BR");
  assert.equal(chooseLanguage(["pt"], KNOWN), "en");
});

test("English is always known, and last", () => {
  assert.equal(chooseLanguage(["en-GB", "de"], KNOWN), "en");
  assert.equal(chooseLanguage(["fr", "", "-", "deutsch"], KNOWN), "en");
  assert.equal(chooseLanguage(["en", "de"], ["de", "en", "1a2b3c4d"]), "en");
});

test("a value is put into a text as it is", () => {
  assert.equal(fill("Entfernt: {name}", "$& {name}"), "Entfernt: $& {name}");
});
