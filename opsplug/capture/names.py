"""Names that browser and server agree on."""

ID_COOKIE = "opsplug_id"
CONSENT_COOKIE = "opsplug_consent"
