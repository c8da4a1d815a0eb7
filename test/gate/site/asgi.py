import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

from django.core.asgi import get_asgi_application  # noqa: E402

http = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.urls import re_path  # noqa: E402
from theatre.consumers import (  # noqa: E402
    AllSeatConsumer,
    ChatConsumer,
    EchoConsumer,
    OpenConsumer,
    PaymentSocket,
)

with_keys = URLRouter([
    re_path(r"^ws/all-seat-datasocket/$", AllSeatConsumer.as_asgi()),
    re_path(r"^ws/payment-socket/(?P<pk>\w+)/$", PaymentSocket.as_asgi()),
    re_path(r"^ws/chat-socket/$", ChatConsumer.as_asgi()),
    re_path(r"^ws/echo/(?P<name>[^/]*)/?$", EchoConsumer.as_asgi()),
    re_path(r"^ws/channels-auth/$", AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter([
        re_path(r"", OpenConsumer.as_asgi()),
    ])))),
])
application = ProtocolTypeRouter({"http": http, "websocket": with_keys})
