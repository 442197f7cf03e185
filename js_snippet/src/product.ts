/** Loaded when the page carries structured data: says which product a view is about. */
import { watchProduct } from "./product/watchProduct.ts";

const core = window.opsplug!.core;
core.chunks.product = (found) => watchProduct(core, found);
