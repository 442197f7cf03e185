"""The public surface: what a shop's code calls, what it gets, and which methods come from the literature."""

FUNCTIONS = """
    opsplug.engine:Engine opsplug.engine:Engine.flush opsplug.engine:Engine.train opsplug.capture.track:Tracker.track
    opsplug.services.recommend.current_request:CurrentVisitor.recommend
    opsplug.services.catalog:Catalog.upsert opsplug.services.catalog:Catalog.remove opsplug.services.catalog:Catalog.get
    opsplug.services.catalog:Catalog.all opsplug.services.chat.conversation.chat:Chat.reply
    opsplug.services.chat.knowledge.knowledge:Knowledge.upsert opsplug.services.chat.knowledge.knowledge:Knowledge.remove
    opsplug.services.chat.conversation.sentiment:SentimentService.score
    opsplug.services.insight.insight:Insight.propensity opsplug.services.insight.insight:Insight.churn
    opsplug.services.insight.insight:Insight.profile opsplug.services.insight.insight:Insight.segment
    opsplug.services.insight.insight:Insight.note opsplug.services.insight.insight:Insight.anomalies
    opsplug.services.insight.insight:Insight.findings opsplug.services.insight.insight:Insight.feedback
    opsplug.services.insight.insight:Insight.series
    opsplug.models.anomaly:StreamingDetector.update opsplug.models.forecast:forecast opsplug.models.forecast:runs_out
    opsplug.models.sentiment:SentimentModel.fit opsplug.models.sentiment:SentimentModel.predict
    opsplug.models.sentiment:SentimentModel.score opsplug.models.intents:IntentModel opsplug.models.intents:IntentModel.fit
    opsplug.models.intents:IntentModel.predict opsplug.models.visitors.propensity:PropensityModel
    opsplug.models.visitors.propensity:PropensityModel.fit opsplug.models.propensity:PropensityModel.predict_proba
    opsplug.models.visitors.propensity:PropensityModel.explain opsplug.privacy:mask
    opsplug_flask:OpsPlug opsplug_flask:OpsPlug.init_app opsplug_flask:current_engine
    opsplug_starlette:OpsPlugMiddleware opsplug_starlette:context opsplug_starlette:current_engine
""".split()
RESULTS = """
    opsplug.services.recommend.recommender:Recommendation opsplug.services.recommend.recommender:Recommendations
    opsplug.services.chat.conversation.chat:ChatReply opsplug.services.insight.visitors:Answer
    opsplug.features.profiles:Profile opsplug.services.insight.findings.evidence:Finding
    opsplug.training.run.job:TrainingReport opsplug.models.anomaly:AnomalyScore opsplug.models.forecast:Forecast
    opsplug.models.sentiment:Sentiment opsplug.models.intents:Intent opsplug.privacy:MaskedText opsplug.privacy:Finding
""".split()
LITERATURE = """opsplug.models.anomaly:StreamingDetector opsplug.models.forecast:forecast opsplug.models.sentiment:SentimentModel
    opsplug.models.intents:IntentModel opsplug.models.visitors.propensity:PropensityModel""".split()
