"""The transcript of a conversation as an e-mail, in the visitor's language, through the shop's own mail server."""

from __future__ import annotations

import logging
import re
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from opsplug.locales.formats import moment
from opsplug.services.alerts.notify import sender_to
from opsplug.services.chat.handover import Conversation
from opsplug.services.chat.texts import TEXTS, say

log = logging.getLogger("opsplug")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)


def transcript(conversation: Conversation, zone: str) -> tuple[str, str]:
    """(subject, text). Links in a visitor's lines are left out: nobody may write to others through a shop's e-mails."""
    words, lines = TEXTS[conversation.language]["transcript"], []
    for message in conversation.transcript:
        at = moment(datetime.fromtimestamp(message.at / 1000, ZoneInfo(zone)), conversation.language)
        if message.role == "system":
            lines.append(f"[{at}] {say(message.text, conversation.language, **message.data)}")
            continue
        text = _LINK.sub("…", message.text) if message.role == "visitor" else message.text
        who = message.by if message.role == "agent" and message.by else words[message.role]
        lines.append(f"[{at}] {who}: {text}")
    return words["subject"], "\n\n".join(lines)


def send_mail(server: str, address: str, subject: str, text: str) -> bool:
    """Through apprise: `server` is an address such as mailtos://user:password@mail.example.com?from=help@shop.example."""
    sender = sender_to(f"{server}{'&' if '?' in server else '?'}to={quote(address)}")
    if sender is None:
        log.error("opsplug: OPSPLUG_CHAT_MAIL is no address that apprise knows; see docs/inbox.md")
        return False
    return bool(sender.notify(body=text, title=subject, body_format="text"))
