"""The three consumers of the origin document, whose keys stand in the pages, and one that gives back what it gets."""
import hmac
import json
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings


class KeyConsumer(AsyncWebsocketConsumer):
    setting = ""

    def group(self):
        raise NotImplementedError

    async def connect(self):
        query = parse_qs(self.scope["query_string"].decode())
        given = query.get("key", [""])[0]
        if not hmac.compare_digest(given, getattr(settings, self.setting)):
            await self.close()
            return
        await self.channel_layer.group_add(self.group(), self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.group(), self.channel_name)

    async def send_status(self, event):
        await self.send(text_data=event["value"])


class AllSeatConsumer(KeyConsumer):
    setting = "LIVE_ORDERS_WS_KEY"

    def group(self):
        return "all-seat-status"


class PaymentSocket(KeyConsumer):
    setting = "PAYMENT_STATUS_WS_KEY"

    def group(self):
        return f"payment-status-{self.scope['url_route']['kwargs']['pk']}"


class ChatConsumer(KeyConsumer):
    setting = "CHAT_WS_KEY"

    def group(self):
        return "chat-consuer"

    async def receive(self, text_data=None, bytes_data=None):
        await self.channel_layer.group_send(self.group(), {"type": "send_status", "value": text_data})


class EchoConsumer(AsyncWebsocketConsumer):
    """`headers` answers with those of the handshake, `close N` closes with N, `flood N` sends N messages of 1 KiB."""

    async def connect(self):
        offered = self.scope["subprotocols"]
        await self.accept(offered[-1] if offered else None)

    async def receive(self, text_data=None, bytes_data=None):
        if text_data == "headers":
            headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in self.scope["headers"]]
            query = self.scope["query_string"].decode()
            await self.send(text_data=json.dumps({"headers": headers, "path": self.scope["path"], "query": query}))
        elif text_data and text_data.startswith("close "):
            await self.close(int(text_data[6:]))
        elif text_data and text_data.startswith("flood "):
            for i in range(int(text_data[6:])):
                await self.send(text_data=f"{i:08}" + "x" * 1016)
        else:
            await self.send(text_data=text_data, bytes_data=bytes_data)


class OpenConsumer(AsyncWebsocketConsumer):
    """Channels' own answer: AuthMiddlewareStack, judged at the handshake."""

    async def connect(self):
        user = self.scope["user"]
        if not user.is_authenticated or not (user.is_staff or user.is_superuser):
            await self.close()
            return
        await self.channel_layer.group_add("all-seat-status", self.channel_name)
        await self.accept()

    async def send_status(self, event):
        await self.send(text_data=event["value"])
