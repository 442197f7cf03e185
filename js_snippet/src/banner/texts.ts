import { isChinese } from "../lib/isChinese.ts";

export interface Texts {
  title: string;
  body: string;
  accept: string;
  refuse: string;
  more: string;
}

const english: Texts = {
  title: "Your privacy",
  body: "May this shop remember what you look at, to suggest things that fit? It stays with this shop and you can change your mind at any time.",
  accept: "Yes, remember",
  refuse: "No, thanks",
  more: "Privacy policy",
};

const chinese: Texts = {
  title: "您的隐私",
  body: "是否允许本店记住您浏览过的商品，以便为您推荐？数据仅保存在本店，您可以随时更改选择。",
  accept: "允许",
  refuse: "不允许",
  more: "隐私政策",
};

export function texts(language: string): Texts {
  return isChinese(language) ? chinese : english;
}
