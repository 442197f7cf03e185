"""Words of the page models."""

from typing import Final

WORDS: Final = {
    "en": {
        "title": "Models",
        "intro": "A new version serves only if it is not worse than the one in use, measured on the newest days, which it has not seen.",
        "empty": "No model has been trained yet. Until then lists come from the catalogue and from what is popular. Train now with: opsplug train",
        "model": "Model",
        "version": "Version",
        "trained": "Trained",
        "quality": "Quality",
        "state": "State",
        "in_use": "in use",
        "kept": "kept",
        "problem": "cannot serve",
        "measured": "NDCG@10 {ndcg} on {questions} visits kept aside; {ratio} times popularity ({low} to {high})",
        "measured_slots": "{ratio} times the clicks of the mix's own order ({low} to {high}), of {clicks} clicks",
    },
    "zh": {
        "title": "模型",
        "intro": "新版本只有在最近几天（训练时未见过的数据）上不逊于现用版本，才会上线。",
        "empty": "尚未训练模型，目前按商品目录和热销情况推荐。立即训练：opsplug train",
        "model": "模型",
        "version": "版本",
        "trained": "训练时间",
        "quality": "质量",
        "state": "状态",
        "in_use": "使用中",
        "kept": "保留",
        "problem": "无法使用",
        "measured": "在预留的 {questions} 次访问上 NDCG@10 为 {ndcg}，是热门榜的 {ratio} 倍（{low} 至 {high}）",
        "measured_slots": "点击为原排序的 {ratio} 倍（{low} 至 {high}），依据 {clicks} 次点击",
    },
}
