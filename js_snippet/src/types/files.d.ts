declare module "*.css" {
  const text: string;
  export default text;
}

/** Written in by build.mjs: logical chunk name to its hashed file. */
declare const CHUNKS: Record<string, string>;
