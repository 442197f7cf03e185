"""Words of one meaning in a shop's questions, English and Chinese, so that a question finds an answer in other words.

`name: phrase, phrase, ...` is one meaning. A phrase of several words needs them side by side. Written for opsplug.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from opsplug.models.text.tokens import words

_MEANINGS = """
order: order, orders, ordered, ordering, purchase, purchases, purchased, purchasing, buy, buying, bought, 订单,
    下单, 买, 购买, 订购
return: return, returns, returned, returning, returnable, send back, sent back, send it back, send this back,
    send something back, give back, give it back, take back, take it back, bring back, go back, 退货, 退回, 退换
refund: refund, refunds, refunded, refundable, money back, reimburse, reimbursement, 退款, 退钱
cancel: cancel, cancels, cancelled, canceled, cancelling, cancellation, call off, 取消, 撤销
change: change, changes, changed, changing, modify, edit, update, amend, swap, alter, correct, 修改, 更改, 改
ship: ship, ships, shipped, shipping, shipment, deliver, delivers, delivered, delivery, deliveries, dispatch, send,
    post, arrive, arrives, arrival, 发货, 配送, 送货, 快递, 运送, 寄, 物流, 送到
package: package, packages, parcel, parcels, box, 包裹, 快件
carrier: carrier, courier, driver, postman, in transit, during transit, during shipping, in the post, 快递员, 运输
track: track, tracking, where is my, where's my, follow, locate, 跟踪, 查询, 追踪, 到哪, 物流信息
time: how long, when will, when does, how many days, how soon, time, 多久, 几天, 什么时候, 多长时间
fast: express, expedited, expedite, fast, faster, rush, quick, quicker, quickly, priority, next day, overnight,
    tomorrow, urgent, hurry, 加急, 快一点, 急
abroad: international, internationally, abroad, overseas, foreign, worldwide, another country, different country,
    other country, other countries, outside the country, countries, 国外, 海外, 国际
pay: pay, paying, payment, payments, paid, checkout, 付款, 支付, 付
paymentkind: payment methods, payment method, credit card, credit cards, debit card, debit cards, visa, mastercard,
    paypal, apple pay, google pay, cards, alipay, wechat pay, 支付方式, 信用卡, 支付宝, 微信支付
policy: policy, policies, rules, terms, conditions, guidelines, 政策, 规则, 条款
warranty: warranty, guarantee, guaranteed, 保修, 质保
mistake: mistake, typo, wrong address, by accident, 写错, 填错
account: account, accounts, register, registration, registering, sign up, signup, sign in, log in, login, 账号,
    账户, 注册, 登录
create: create, creating, open, make, set up, become, new account, 创建, 开通
guest: guest, without an account, without creating, without registering, without registration, 游客, 不注册
code: code, codes, promo code, promo codes, promo, coupon, coupons, voucher, vouchers, discount code,
    discount codes, promotional code, promotion code, 优惠码, 优惠券, 折扣码, 券
several: multiple, several, combine, stack, more than one, two, both, together, mix, 多个, 叠加, 一起
fails: not working, doesn't work, does not work, rejected, invalid, not accepted, declined, error, fails, failed,
    不能用, 无效, 用不了
discount: discount, discounts, discounted, reduced, sale, on sale, cheaper, 折扣, 打折, 特价, 优惠
promotion: promotion, promotional event, promotional, event, black friday, campaign, 促销, 活动
bulk: bulk, wholesale, large quantities, large quantity, big quantity, company, business, b2b, 批发, 大量, 团购
pricematch: price match, price matching, match the price, match a price, competitor, competitors, competitor's,
    another site, other site, elsewhere, other shop, other store, another shop, lower price, 比价, 保价
pricedrop: price adjustment, price dropped, price drop, price went down, got cheaper, now it's cheaper, now cheaper,
    went on sale, goes on sale, the difference, difference back, 降价, 差价
loyalty: loyalty, points, rewards, reward, loyalty program, membership, member, bonus points, regular customer,
    regular customers, 积分, 会员
review: review, reviews, rate, rating, ratings, feedback, comment, opinion, 评价, 评论
newsletter: newsletter, newsletters, mailing list, subscribe, subscription, emails, 订阅, 邮件通讯
contact: contact, reach, talk to, speak to, phone number, email address, customer support, customer service,
    support team, help line, hotline, 联系, 客服, 电话
livechat: live chat, chat, chatting, message someone, agent, 在线客服, 聊天
byphone: by phone, over the phone, over the telephone, telephone, via telephone, phone order, phone orders, 电话订购
secure: secure, security, safe, safety, protect, protected, protection, encrypted, encryption, privacy, private,
    personal data, my data, 安全, 隐私, 加密
invoice: invoice, invoices, bill, billing, tax, 发票, 账单
receipt: receipt, receipts, proof of purchase, sales slip, 收据, 小票, 凭证
packaging: packaging, original packaging, original box, wrapper, 包装, 原包装
wrap: gift wrap, gift wrapping, wrap, wrapping, wrapped, 礼品包装
gift: gift, gifts, present, presents, for a friend, 礼物, 礼品, 送人
giftmessage: gift message, message, note, greeting, greeting card, personal message, 贺卡, 留言
giftcard: gift card, gift cards, gift voucher, 礼品卡
storecredit: store credit, shop credit, credit balance, 店铺余额, 余额
lost: lost, missing, never arrived, not arrived, hasn't arrived, didn't arrive, disappeared, went missing,
    not received, 丢失, 没收到, 丢了
damaged: damaged, damage, broken, broke, smashed, cracked, faulty, defective, defect, shattered, 损坏, 坏了, 破损
misuse: own fault, improper use, misuse, misused, my fault, accident, 使用不当, 自己弄坏
mishandled: mishandled, mishandling, rough handling, 粗暴
wrongitem: wrong item, wrong thing, wrong product, different item, different product, something else, 发错,
    错误的商品
repair: repair, repairs, fix, mend, 维修, 修理
replace: replace, replacement, replaced, exchange, exchanged, 换货, 更换, 换一个
mind: changed my mind, change my mind, don't like it, do not like it, no longer want, don't want it, doesn't suit,
    not satisfied, 不喜欢, 不想要
finalsale: final sale, final-sale, clearance, closeout, 清仓
bundle: bundle, bundles, set, sets, kit, part of a set, 套装, 组合
stock: out of stock, out-of-stock, no stock, not in stock, isn't in stock, unavailable, not available,
    isn't available, sold out, sold-out, 缺货, 无货, 没货, 售罄
soldout: sold out, sold-out, 售罄, 卖完
restock: restock, restocked, restocking, back in stock, more stock, new stock, bring back, come back,
    available again, get more, getting more, new batch, 补货, 到货, 再有货
reserve: reserve, reserved, reserving, reservation, reservations, 预留, 保留
preorder: pre-order, preorder, pre-orders, preorders, pre order, pre ordered, preordered, pre-ordering, preordering,
    预订, 预购, 预售
backorder: backorder, backordered, backorders, back-order, back order, 延期交货
comingsoon: coming soon, coming-soon, not yet released, upcoming, soon to come, 即将上市, 即将推出
discontinued: discontinued, discontinue, stopped selling, no longer sold, no longer made, 停产, 下架
limited: limited edition, limited-edition, limited, 限量
temporarily: temporarily, temporarily unavailable, 暂时
onhold: on hold, on-hold, 暂停销售
size: size, sizes, sizing, small, large, medium, xl, 尺码, 尺寸, 大小, 码
color: color, colour, colors, colours, shade, blue, red, green, black, white, 颜色
notlisted: not listed, isn't listed, don't list, not on your website, not on your site, not on the website,
    not in your shop, 没有列出
visible: visible, still visible, still shown, still see, still shows, shown on, 还能看到
custom: custom, customized, customised, personalized, personalised, personalize, personalise, engrave, engraved,
    engraving, made to order, bespoke, 定制, 刻字
demo: demo, demos, demonstration, demonstrations, try it out, try before, 演示, 试用
install: install, installs, installation, installed, technician, assemble, assembly, set up, 安装
address: address, addresses, moved, moving, 地址
person: person, human, agent, representative, somebody, someone, 人工, 真人
""".strip()
_LONGEST = 5


_NEGATIONS = frozenset(
    "not no without never cannot can't isn't aren't doesn't don't didn't won't wasn't couldn't 不 没 无".split()
)
_REACH = 4  # words a negation reaches over


@cache
def _phrases() -> tuple[dict[str, list[str]], int]:
    """Phrase (words joined by single spaces) -> its meanings."""
    table: dict[str, list[str]] = {}
    for line in _MEANINGS.replace(",\n   ", ",").splitlines():
        meaning, _, phrases = line.partition(": ")
        for phrase in phrases.split(","):
            table.setdefault(" ".join(words(phrase)), []).append(meaning)
    return table, max(len(phrase.split()) for phrase in table)


def meanings(tokens: Sequence[str]) -> list[str]:
    """The meanings that the `words` of a text speak of, each once; one that is denied comes as "not ..." too."""
    table, longest = _phrases()
    negated = {at + reach for at, token in enumerate(tokens) if token in _NEGATIONS for reach in range(-1, _REACH + 1)}
    found: dict[str, None] = {}
    for size in range(1, longest + 1):
        for at in range(len(tokens) - size + 1):
            phrase = tokens[at] if size == 1 else " ".join(tokens[at : at + size])
            for meaning in table.get(phrase, ()):
                found.setdefault(meaning)
                if at in negated:
                    found.setdefault(f"not {meaning}")
    return list(found)
