"""Every kind of document in the store: what it holds, how its keys are formed, who writes it, and when it goes.

docs/documents.md is made from this table, retention reads it, and a kind outside of it raises in the tests.
"""

from typing import Final, Literal, NamedTuple

# When a document goes: with the events of its time (`retention_days`), with its conversation, when its visitor refuses
# to be recognised, when the shop removes it, or by its writer's own doing, who keeps a few or overwrites the only one.
Lifetime = Literal["events", "conversation", "visitor", "shop", "writer"]
# Whether it says something of one person, and by which key it is found for them.
Personal = Literal["no", "visitor", "conversation", "masked"]

is_strict = False  # our tests set it


class UnknownKindError(BaseException):
    """A document of a kind without a row: a mistake of ours that no guard may swallow. Never raised in a shop."""


class Kind(NamedTuple):
    name: str
    holds: str
    key: str
    writer: str
    lifetime: Lifetime
    personal: Personal = "no"


KINDS: Final = (
    # -- chat
    Kind("chat", "one event of a conversation", "CONVERSATION/NUMBER", "chat.conversation_log", "conversation",
         "conversation"),
    Kind("chat_visitor", "that a person had a conversation", "PERSON/CONVERSATION", "chat.conversation_log",
         "conversation", "visitor"),
    Kind("chat_overview", "a conversation in one line, for the inbox", "CONVERSATION", "chat.conversation_log",
         "conversation", "conversation"),
    Kind("chat_open", "the line of a conversation that concerns people", "CONVERSATION", "chat.conversation_log",
         "conversation", "conversation"),
    Kind("chat_look", "who of the team looked at a conversation, and when", "CONVERSATION/AGENT", "chat.inbox",
         "conversation", "conversation"),
    Kind("chat_outbox", "what is to be delivered outside: transcripts, calls of the help desk", "CONVERSATION/NAME",
         "chat.desk.outbox", "conversation", "conversation"),
    Kind("chat_withdrawn", "a conversation that is to go, because its visitor refused", "PERSON/CONVERSATION",
         "store.queries", "conversation", "visitor"),
    Kind("chat_changes", "the moment of the last change of any conversation", "all", "chat.conversation_log", "writer"),
    Kind("chat_unanswered", "a question without an answer, and how often it was asked", "QUESTION",
         "chat.conversation.chat", "events", "masked"),
    Kind("chat_agent", "that an agent is at work, and in which language", "AGENT", "chat.desk.agents", "writer"),
    Kind("chat_canned", "a text that agents use again", "ID", "chat.inbox", "shop"),
    Kind("knowledge", "an answer of the support chat", "LANGUAGE/ID", "chat.knowledge.knowledge", "shop"),
    Kind("knowledge_old", "an earlier version of an answer", "LANGUAGE/ID/VERSION", "chat.knowledge.knowledge", "shop"),
    Kind("knowledge_changes", "the moment of the last change of any answer", "all", "chat.knowledge.knowledge",
         "writer"),
    Kind("knowledge_suggested", "an answer that somebody should look at, made of a conversation or a file", "ID",
         "chat.knowledge.suggestions", "events", "masked"),
    # -- insight
    Kind("series", "the totals of a day's measures", "DATE", "training.series.daily_series", "writer"),
    Kind("series_parts", "a day's measures by route, product, term and the like", "DATE",
         "training.series.daily_series", "writer", "masked"),
    Kind("series_state", "how far the events were read, and the sessions that are open", "rollup",
         "training.series.daily_series", "writer", "visitor"),
    Kind("detector", "what a detector of anomalies has learnt of its series", "EVERY/SERIES",
         "training.series.detection", "writer"),
    Kind("alarm", "an anomaly of a series", "TIME/EVERY/SERIES", "training.series.job", "events"),
    Kind("calendar", "a day that is expected to be unusual", "DATE", "alerts.alerts", "shop"),
    Kind("note", "what changed at a moment: a release, prices, settings", "TIME/KIND", "training.series.annotations",
         "events"),
    Kind("insight_prices", "the prices and settings that were last seen", "now | facts", "training.series.annotations",
         "writer"),
    Kind("strange_visit", "a session that is unlike the others", "DATE/SESSION", "training.series.session_anomalies",
         "writer", "visitor"),
    Kind("findings", "what is worth looking at now", "now", "insight.findings.job", "writer"),
    Kind("finding_feedback", "what somebody said of a finding", "FINDING", "insight.insight", "shop"),
    Kind("insight", "a page's whole content: forecasts, market, visitors, tags, propensity", "NAME",
         "training.forecasts | profiles | propensity", "writer"),
    Kind("visitor", "one visitor in a line: segment, value, last orders", "VISITOR", "training.profiles", "visitor",
         "visitor"),
    # -- alerts
    Kind("alert_rule", "when an alert is raised, and to whom it goes", "ID", "alerts.rules", "shop"),
    Kind("alert", "an alert that was raised, and whether it was sent", "TIME/RULE", "alerts.job", "events"),
    Kind("incident", "alerts that belong together, and whether it is over", "TIME", "alerts.job", "events"),
    Kind("alert_outbox", "a message that is to be delivered", "KEY", "alerts.job", "writer"),
    Kind("alert_times", "when nobody should be disturbed", "times", "alerts.alerts", "shop"),
    # -- lists and models
    Kind("catalog_source", "what became of the last reading of the setting `catalog`", "last",
         "catalog_source.refresh", "writer"),
    Kind("catalog_evidence", "where the fields of a learnt item were found", "ITEM", "services.catalog", "shop"),
    Kind("catalog_routes", "which routes show products, and why", "all", "services.catalog", "writer"),
    Kind("rules", "the merchandising rules", "MODEL", "outcomes.effects", "shop"),
    Kind("rules_changed", "who changed the rules, and when", "MODEL", "outcomes.effects", "shop"),
    Kind("experiment", "since when the groups of the hold-out are what they are", "holdout", "outcomes.lift", "writer"),
    Kind("slots", "what was learnt about the places of a list", "PLACEMENT", "training.slots", "writer"),
    Kind("fairness", "how fairly lists treat items and groups", "latest", "training.fairness", "writer"),
    Kind("diversity", "how much of the catalogue people see", "latest", "training.recommendations", "writer"),
    Kind("intents_report", "how well intents are recognised", "now", "training.intents", "writer"),
    Kind("sentiment_report", "how well sentiment is recognised", "now", "training.sentiment", "writer"),
    Kind("training_run", "the report of one training", "NAME/TIME", "training.run.job", "writer"),
    Kind("job", "when a background job ran last, and how it ended", "NAME", "training.run.runs", "writer"),
    # -- access
    Kind("ended_session", "that a session of the stats page was ended, or all before a moment", "DIGEST or all",
         "web.access", "writer"),
    Kind("used_token", "that a token in an address has been used", "DIGEST", "web.access", "writer"),
)  # fmt: skip

_names: Final = frozenset(kind.name for kind in KINDS)


def require(kind: str) -> None:
    """A kind without a row cannot be written where this is tested."""
    if is_strict and kind not in _names:
        raise UnknownKindError(f"{kind}: opsplug.store.kinds has no row for it")


def living_as_long_as(lifetime: Lifetime) -> tuple[str, ...]:
    """The names of the kinds that go at the same time."""
    return tuple(kind.name for kind in KINDS if kind.lifetime == lifetime)
