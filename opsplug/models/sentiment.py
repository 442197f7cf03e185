"""The public name of the sentiment model; see `opsplug.models.text.sentiment`."""

from opsplug.models.text.sentiment import Sentiment, SentimentModel

__all__ = ["Sentiment", "SentimentModel"]
