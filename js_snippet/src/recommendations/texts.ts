import { isChinese } from "../lib/isChinese.ts";

/** What the widget itself says; the first and last are followed by a product's name. */
export function texts(language: string): readonly [options: string, notInterested: string, removed: string] {
  return isChinese(language) ? ["选项：", "不感兴趣", "已移除："] : ["Options: ", "Not interested", "Removed: "];
}
