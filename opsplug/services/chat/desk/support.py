"""The support side of the chat: conversation log, agent queue, help desk bridge, outbox and background worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from opsplug.errors import EventError
from opsplug.privacy.sealing import Seal
from opsplug.services.chat.conversation_log import ConversationLog
from opsplug.services.chat.desk.agent_queue import AgentQueue, is_address
from opsplug.services.chat.desk.agents import Agents, read_agents
from opsplug.services.chat.desk.background_worker import BackgroundWorker
from opsplug.services.chat.desk.help_desk_bridge import Bridge
from opsplug.services.chat.desk.opening_hours import read_hours
from opsplug.services.chat.desk.outbox import Outbox
from opsplug.services.chat.desk.retention import forget_withdrawn
from opsplug.services.chat.desk.transcript import send_mail, transcript
from opsplug.services.chat.handover import BOT, Conversation, Event

if TYPE_CHECKING:
    from opsplug.capture.guard import Guard
    from opsplug.privacy.keys import Keys
    from opsplug.settings import Settings
    from opsplug.store.protocol import Store

_MAX_TRANSCRIPTS = 3  # of one conversation: enough for a wrong address, too few for a nuisance


class Support:
    """Builds and owns those parts; `worker` runs the queue's time-outs and the outbox while anything is pending."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        keys: Callable[[], Keys],
        guard: Guard,
        *,
        may_run: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._seal = Seal(lambda: keys().subkey("chat-contact"))
        self._settings = settings
        self.log = ConversationLog(store, clock, self._on_event)
        self.agent_queue = AgentQueue(
            store,
            self.log,
            agents=Agents(store, read_agents(settings.agents), clock),
            hours=read_hours(settings.chat_hours, settings.timezone),
            max_wait=settings.chat_wait,
            seal=self._seal,
            clock=clock,
        )
        self.bridge = Bridge(settings.chat_webhook, settings.chat_webhook_secret, clock)
        self.outbox = Outbox(store, {"webhook": self.bridge.send, "mail": self._deliver_mail}, clock)
        tasks = (lambda: forget_withdrawn(store, self.log), self.agent_queue.expire, self.outbox.deliver)
        self.worker = BackgroundWorker(tasks, guard, may_run=may_run)

    @property
    def sends_mail(self) -> bool:
        return bool(self._settings.chat_mail)

    def send_transcript(self, conversation: Conversation, address: str, by: str) -> None:
        """Queue the transcript for an e-mail address; `EventError` for an invalid one, and after three e-mails."""
        if not self.sends_mail:
            raise EventError("this shop sends no transcripts")
        if not is_address(address, mail_only=True):
            raise EventError("address: an e-mail address is expected")
        if sum("transcript" in note.data for note in conversation.notes) >= _MAX_TRANSCRIPTS:
            raise EventError("this conversation was sent several times already")
        self.log.append(conversation, "noted", by=by, data={"transcript": True})
        sealed = self._seal.close(address.strip(), conversation.id)
        self.outbox.put(conversation.id, "mail", {"conversation_id": conversation.id, "sealed": sealed})
        self.worker.wake()

    def _deliver_mail(self, entry: Mapping[str, Any]) -> bool:
        conversation = self.log.read(entry["conversation_id"])
        address = self._seal.open(entry["sealed"], entry["conversation_id"])
        if conversation is None or not address:
            return True  # forgotten meanwhile
        return send_mail(self._settings.chat_mail, address, *transcript(conversation, self._settings.timezone))

    def _on_event(self, conversation: Conversation, event: Event) -> None:
        if self.bridge.is_on and self.bridge.concerns(conversation, event):
            self.outbox.put(conversation.id, "webhook", self.bridge.message(conversation, event))
            self.worker.wake()
        elif conversation.state != BOT:
            self.worker.wake()
