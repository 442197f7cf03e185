import { isChinese } from "../lib/isChinese.ts";

const english = {
  title: "Support",
  close: "Close chat",
  human: "Talk to a person",
  placeholder: "Write a message",
  send: "Send",
  log: "Conversation",
  hello: "Hello! Ask about products, delivery, returns or your order.",
  you: "You",
  assistant: "Shop assistant",
  agent: "Support team",
  sources: "Sources: ",
  typing: "The assistant is looking for an answer …",
  waiting: "A person has been told and will join here.",
  offline: "You are offline. Your message will be sent when you are back.",
  failed: "Not sent.",
  retry: "Try again",
  trouble: "The chat cannot be reached just now. It will try again by itself.",
  helpful: "Did this help?",
  yes: "Yes",
  no: "No",
  thanks: "Thank you.",
  closed: "This conversation is closed. Writing again opens it.",
  rate: "How was this conversation?",
  star: "of 5",
};

export type Texts = typeof english;

const chinese: Texts = {
  title: "在线客服",
  close: "关闭对话",
  human: "转人工客服",
  placeholder: "请输入消息",
  send: "发送",
  log: "对话内容",
  hello: "您好！商品、配送、退换货或订单问题，都可以在这里咨询。",
  you: "您",
  assistant: "店铺助手",
  agent: "人工客服",
  sources: "来源：",
  typing: "助手正在查找答案……",
  waiting: "已通知人工客服，稍后将在此回复您。",
  offline: "网络已断开，恢复后将自动发送您的消息。",
  failed: "发送失败。",
  retry: "重试",
  trouble: "暂时无法连接客服，系统会自动重试。",
  helpful: "这条回答有帮助吗？",
  yes: "有",
  no: "没有",
  thanks: "感谢您的反馈。",
  closed: "本次对话已结束，再次发送消息即可重新开始。",
  rate: "请为本次服务评分",
  star: "分（满分 5 分）",
};

export function texts(language: string): Texts {
  return isChinese(language) ? chinese : english;
}
