// Builds dist/: one hashed file per bundle with .br and .gz beside it, and manifest.json. `--check` only compares.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { brotliCompressSync, brotliDecompressSync, constants, gzipSync } from "node:zlib";
import esbuild from "esbuild";
import { minify } from "terser";

const root = new URL(".", import.meta.url);
const dist = new URL("dist/", root);
const CHUNKS = ["ux", "product", "recommendations", "chat_button", "chat", "banner"];
const TARGET = ["chrome94", "firefox101", "safari16.4"];

const minifiedCss = {
  name: "minified-css",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => ({ contents: await minifyCss(path), loader: "text" }));
  },
};

async function minifyCss(path) {
  const { outputFiles } = await esbuild.build({ entryPoints: [path], bundle: true, minify: true, write: false, target: TARGET });
  return outputFiles[0].text.trim();
}

async function bundle(name, define = {}) {
  const entry = new URL(`src/${name}.ts`, root).pathname;
  if (!existsSync(entry)) return "";
  const { outputFiles } = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: TARGET,
    charset: "utf8",
    legalComments: "none",
    define,
    plugins: [minifiedCss],
    banner: name === "ux" ? { js: "/*! includes web-vitals, Copyright Google LLC, Apache-2.0 */" } : {},
  });
  const { code } = await minify(outputFiles[0].text, {
    ecma: 2020,
    compress: { passes: 3, unsafe_arrows: true },
    format: { comments: /^!/ },
  });
  return code;
}

const digest = (text, algorithm, encoding) => createHash(algorithm).update(text).digest(encoding);

/** {file name: contents} of the whole of dist/. */
async function buildAll() {
  const files = {};
  const manifest = {};
  const chunks = {};
  const add = (logical, text) => {
    const [stem, extension] = logical.split(".");
    const file = `${stem}.${digest(text, "sha256", "hex").slice(0, 12)}.${extension}`;
    const bytes = Buffer.from(text);
    const brotli = brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    });
    files[file] = bytes;
    files[`${file}.br`] = brotli;
    files[`${file}.gz`] = gzipSync(bytes, { level: 9 });
    manifest[logical] = {
      file,
      bytes: bytes.length,
      brotli: brotli.length,
      integrity: `sha256-${digest(text, "sha256", "base64")}`,
    };
  };
  for (const name of CHUNKS) {
    add(`${name}.js`, await bundle(name));
    chunks[name] = manifest[`${name}.js`].file;
  }
  add("opsplug.js", await bundle("core", { CHUNKS: JSON.stringify(chunks) }));
  add("admin.js", await bundle("admin")); // of the stats page, not of the shop: no chunk of the core
  add("widgets.css", await minifyCss(new URL("src/widgets.css", root).pathname));
  files["manifest.json"] = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  return { files, manifest };
}

/** Compressed files are compared by what they hold: two versions of zlib may pack the same bytes differently. */
function sameFile(name, made, kept) {
  if (name.endsWith(".br")) return brotliDecompressSync(kept).equals(brotliDecompressSync(made));
  if (name.endsWith(".gz")) return true;
  if (name === "manifest.json") return withoutSizes(kept) === withoutSizes(made);
  return made.equals(kept);
}

const withoutSizes = (bytes) => bytes.toString().replace(/"brotli": \d+/g, "");

function check(files) {
  const kept = existsSync(dist) ? readdirSync(dist) : [];
  const wrong = [
    ...Object.keys(files).filter((name) => !kept.includes(name)).map((name) => `missing: ${name}`),
    ...kept.filter((name) => !files[name]).map((name) => `left over: ${name}`),
    ...kept
      .filter((name) => files[name] && !sameFile(name, files[name], readFileSync(new URL(name, dist))))
      .map((name) => `differs: ${name}`),
  ];
  if (!wrong.length) return;
  console.error(`dist/ is not what the sources build. Run: npm run build\n${wrong.join("\n")}`);
  process.exitCode = 1;
}

const { files, manifest } = await buildAll();
if (process.argv.includes("--check")) check(files);
else {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(new URL(name, dist), bytes);
}
for (const [name, { bytes, brotli }] of Object.entries(manifest)) console.log(name.padEnd(20), `${bytes} bytes`, `${brotli} brotli`);
