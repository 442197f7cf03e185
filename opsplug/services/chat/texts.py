"""What the assistant says, in English and Chinese, each written in its own right. The Chinese says 您."""

from __future__ import annotations

TEXTS: dict[str, dict[str, str]] = {
    "greeting": {
        "en": "Hello! Ask me about a product, an order, delivery or returns.",
        "zh": "您好！商品、订单、配送、退换货方面的问题，都可以问我。",
    },
    "thanks": {"en": "You're welcome. Is there anything else?", "zh": "不客气，还有什么可以帮您？"},
    "goodbye": {"en": "Goodbye, and thank you for stopping by.", "zh": "感谢您的光临，再见！"},
    "who_are_you": {
        "en": "I'm this shop's automatic assistant. A person can take over whenever you ask for one.",
        "zh": "我是本店的智能助手。如果您想找人工客服，随时告诉我。",
    },
    "empty": {"en": "What can I do for you?", "zh": "请问有什么可以帮您？"},
    "too_long": {
        "en": "That is more than I can read at once. Could you tell me in a few sentences?",
        "zh": "您的消息太长了，麻烦用几句话简单说明一下。",
    },
    "unknown": {
        "en": "I don't know the answer to that. Could you put it another way? You can also ask for a person.",
        "zh": "这个问题我暂时答不上来。您可以换个说法再问一次，也可以转人工客服。",
    },
    "did_you_mean": {"en": "Do you mean one of these?", "zh": "您想问的是不是下面这些？"},
    "products_found": {"en": "Here is what I found:", "zh": "为您找到这些商品："},
    "products_none": {
        "en": "I found nothing in the shop that fits. Try fewer or other words.",
        "zh": "店里没有找到符合要求的商品，您可以放宽条件或换个词试试。",
    },
    "products_none_under": {
        "en": "Nothing that fits costs {limit} or less. The closest:",
        "zh": "没有 {limit} 以内符合要求的商品，最接近的有：",
    },
    "recommended": {"en": "You may like these:", "zh": "这些您可能会喜欢："},
    "recommended_none": {"en": "I have nothing to suggest just now.", "zh": "暂时没有合适的推荐。"},
    "available": {"en": "available", "zh": "有货"},
    "unavailable": {"en": "not available at the moment", "zh": "暂时缺货"},
    "which_order": {"en": "Which order is it? Please give me its number.", "zh": "请问是哪一笔订单？麻烦提供订单号。"},
    "order_login": {
        "en": "I can only speak about orders with their owner. Please log in to your account and ask again.",
        "zh": "为了保护您的信息，需要您先登录账户，我才能查询订单。",
    },
    "order_not_found": {
        "en": "I can't find order {number} in your account. Please check the number.",
        "zh": "您的账户中没有查到订单 {number}，请核对一下订单号。",
    },
    "order_unsupported": {
        "en": "I can't look up orders here. Your account page shows them, or a person can help you.",
        "zh": "这里暂时无法查询订单，您可以在账户页面查看，或转人工客服。",
    },
    "order_failed": {
        "en": "I can't reach the order system right now. Please try again in a few minutes.",
        "zh": "订单系统暂时无法访问，请您过几分钟再试。",
    },
    "order_state": {"en": "Order {number}: {state}", "zh": "订单 {number}：{state}"},
    "only_own_data": {
        "en": "I can only help with your own orders and questions.",
        "zh": "抱歉，我只能协助处理您本人的订单和问题。",
    },
    "out_of_order": {
        "en": "I cannot answer at the moment. Please try again later.",
        "zh": "暂时无法回答，请稍后再试。",
    },
    "slow_down": {
        "en": "That was a lot at once. Please wait a moment before the next message.",
        "zh": "您的消息有点快，请稍候再发。",
    },
    # What changes of owner say. The names are those of opsplug.services.chat.handover.
    "waiting": {
        "en": "I'm passing you to a person. Someone will answer here; what you wrote is not lost.",
        "zh": "正在为您转接人工客服，请稍候。您之前的消息客服都能看到。",
    },
    "still_waiting": {
        "en": "Your message is with our team. Someone will answer here.",
        "zh": "您的消息已收到，客服稍后会在这里回复您。",
    },
    "agent_joined": {"en": "A person has joined the conversation.", "zh": "人工客服已接入，请您继续。"},
    "agent_changed": {"en": "A colleague is taking over the conversation.", "zh": "已为您转接另一位客服。"},
    "agent_left": {
        "en": "The person has left the conversation. I'm here if you need anything else.",
        "zh": "人工客服已离开，如还有问题，我可以继续为您服务。",
    },
    "agent_away": {
        "en": "The person had to step away. You are back in the queue and someone will answer.",
        "zh": "客服暂时离开，已重新为您排队，稍后会有人回复。",
    },
    "nobody_free": {
        "en": "Nobody is free right now. Leave an address and we will write to you. You can keep asking me, too.",
        "zh": "当前没有空闲的客服。请留下联系方式，我们会回复您；您也可以继续向我提问。",
    },
    "out_of_hours": {
        "en": "Nobody is here right now; our team is back {opens}. Leave an address and we will write to you.",
        "zh": "现在不是人工服务时间，客服{opens}上线。请留下联系方式，我们会回复您。",
    },
    "contact_kept": {
        "en": "Thank you. We have your address and will write to you.",
        "zh": "谢谢，联系方式已收到，我们会尽快与您联系。",
    },
    "closed": {
        "en": "This conversation is closed. Just write if you need us again.",
        "zh": "本次会话已结束，有需要请随时留言。",
    },
    "sorry": {"en": "I'm sorry about that.", "zh": "给您带来不便，非常抱歉。"},
}


def say(key: str, language: str, **values: object) -> str:
    """The text of `key`; English for languages other than Chinese."""
    texts = TEXTS[key]
    return texts["zh" if language == "zh" else "en"].format(**values)
