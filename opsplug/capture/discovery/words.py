"""Words by which pages of many languages say what a thing is: class names, labels, and what is said of stock."""

import re
from typing import Final


def _any(words: str) -> re.Pattern[str]:
    """One of these words, also as a part of a longer one where the script has no blanks."""
    parts = (
        rf"(?<![a-zà-ÿ]){re.escape(word)}(?![a-zà-ÿ])" if word.isascii() else re.escape(word)
        for word in words.strip().split("|")
    )
    return re.compile("|".join(parts), re.IGNORECASE)


OUT_OF_STOCK: Final = _any(
    "out of stock|sold out|soldout|unavailable|not available|currently unavailable|no longer available|no stock|"
    "0 in stock|"
    "discontinued|back soon|ausverkauft|nicht verfügbar|nicht auf lager|vergriffen|agotado|sin stock|no disponible|"
    "rupture de stock|épuisé|indisponible|esgotado|indisponível|esaurito|non disponibile|uitverkocht|niet op voorraad|"
    "slutsåld|udsolgt|utsolgt|wyprzedane|brak w magazynie|niedostępny|vyprodáno|tükendi|stokta yok|нет в наличии|"
    "распродано|недоступен|немає в наявності|품절|일시품절|缺货|售罄|已售完|无货|缺貨|售完|在庫切れ|売り切れ|品切れ|"
    "غير متوفر|نفدت الكمية|نفذت الكمية|אזל מהמלאי|ناموجود|hết hàng|สินค้าหมด|stok habis"
)
IN_STOCK: Final = _any(
    "in stock|instock|available|add to cart|add to basket|add to bag|auf lager|vorrätig|lieferbar|in den warenkorb|"
    "en stock|disponible|añadir al carrito|agregar al carrito|ajouter au panier|em estoque|disponível|disponibile|"
    "op voorraad|i lager|på lager|dostępny|skladem|stokta|в наличии|в корзину|є в наявності|재고 있음|장바구니|"
    "有货|现货|加入购物车|有貨|加入購物車|在庫あり|カートに入れる|متوفر|أضف إلى السلة|במלאי|موجود|còn hàng|มีสินค้า"
)
TO_CART: Final = _any(
    "add to cart|add to basket|add to bag|buy now|buy|order now|purchase|enroll|enrol|add|cart|basket|in den warenkorb|"
    "kaufen|añadir al carrito|agregar al carrito|comprar|ajouter au panier|acheter|adicionar ao carrinho|acquista|"
    "aggiungi al carrello|in winkelwagen|köp|kjøp|koszyk|kup|do košíku|sepete ekle|купить|в корзину|заказать|купити|"
    "구매|장바구니|加入购物车|购买|立即购买|加入購物車|購買|カート|購入|أضف إلى السلة|اشتري|شراء|לסל|خرید|mua|ซื้อ|beli"
)
CATEGORY_LABEL: Final = re.compile(
    r"(?<!\s)\s*"  # once for each run of blanks, not from each of them
    r"(?:category|categories|department|collection|section|kategorie|categor[ií]a|catégorie|categoria|categorie|"
    r"kategori|kategoria|категория|категорія|раздел|카테고리|分类|類別|分類|类别|カテゴリー?|الفئة|التصنيف|القسم|קטגוריה|"
    r"دسته(?:‌بندی)?|danh mục|หมวดหมู่)\s*[:：]\s*",
    re.IGNORECASE,
)
PRICE_LABEL: Final = re.compile(
    r"(?<!\s)\s*"
    r"(?:price|our price|cost|preis|prix|precio|preço|prezzo|prijs|pris|cena|цена|ціна|fiyat|harga|giá|ราคา|가격|"
    r"판매가|价格|售价|現價|價格|価格|税込|السعر|سعر|מחיר|قیمت)\s*[:：]?\s*",
    re.IGNORECASE,
)
# In classes and ids: `product__info__price`, `old-price`, `item_title`.
PRICE_HINT: Final = re.compile(
    r"price|cost|amount|preis|prix|precio|prezzo|cena|tsena|kwota|prc\b|fiyat|harga", re.IGNORECASE
)
OLD_HINT: Final = re.compile(
    r"old|undiscounted|original|regular|was\b|before|compare|strike|crossed|retail|rrp|msrp|uvp|list-?price|saving|save|"
    r"discount(?!ed)|off\b|installment|per-?month|shipping|deposit|tax|vat|unit-?price|per-?unit|total|subtotal",
    re.IGNORECASE,
)
NAME_HINT: Final = re.compile(r"name|title|heading|produkt|nombre|titre|titulo|nome|naslov|nazov", re.IGNORECASE)
CRUMB_HINT: Final = re.compile(r"breadcrumb|crumb|brotkrumen|fil-?ariane|migas", re.IGNORECASE)
CATEGORY_HINT: Final = re.compile(r"categ|kategori|department|collection|genre|topic", re.IGNORECASE)
STOCK_HINT: Final = re.compile(r"stock|avail|inventory|lager|dispo|estoque|voorraad", re.IGNORECASE)
ELSEWHERE_HINT: Final = re.compile(
    r"related|similar|recommend|upsell|cross-?sell|also|recent|footer|header|navbar|menu|sidebar|cookie|modal|toast|"
    r"review|comment|rating|testimonial|newsletter|opsplug|logo|social|search|pagination|language|mini-?cart|offcanvas",
    re.IGNORECASE,
)
HOME: Final = frozenset(
    (
        "home|start|startseite|inicio|accueil|início|página inicial|homepage|hjem|hem|strona główna|domů|"
        "главная|головна|홈|"
        "首页|首頁|ホーム|トップ|الرئيسية|דף הבית|خانه|trang chủ|หน้าแรก|beranda|"
        "shop|store|catalog|catalogue|products|all"
    ).split("|")
)
