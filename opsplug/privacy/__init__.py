"""Keeping people out of stored text, and stored text away from people: masking and keys. Knows no store."""

from opsplug.privacy.masking import Finding, MaskedText, mask

__all__ = ["Finding", "MaskedText", "mask"]
