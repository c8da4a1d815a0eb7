"""A small copy of the site in the origin document: sockets with keys, sign-in, a page, orders."""
import os
from urllib.parse import unquote, urlsplit

SECRET_KEY = os.environ["SECRET_KEY"]
SECRET_KEY_FALLBACKS = [key for key in os.environ.get("SECRET_KEY_FALLBACKS", "").split(",") if key]
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
USE_TZ = True
ROOT_URLCONF = "urls"
ASGI_APPLICATION = "asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "channels",
    "theatre",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [os.path.join(os.path.dirname(__file__), "templates")],
    "OPTIONS": {"context_processors": ["django.contrib.auth.context_processors.auth"]},
}]

url = urlsplit(os.environ["SITE_DATABASE_URL"])
DATABASES = {"default": {
    "ENGINE": "django.db.backends.postgresql",
    "HOST": url.hostname,
    "PORT": url.port or 5432,
    "USER": unquote(url.username or ""),
    "PASSWORD": unquote(url.password or ""),
    "NAME": url.path[1:],
}}
# quick: the tests sign in often, and no password is at stake
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
SESSION_ENGINE = f"django.contrib.sessions.backends.{os.environ.get('SESSION_ENGINE', 'db')}"
SESSION_COOKIE_AGE = 3600
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/live-orders/"

redis = os.environ.get("SITE_REDIS_URL")
CHANNEL_LAYERS = {"default": {
    "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
    "CONFIG": {"hosts": [redis]},
} if redis else {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

LIVE_ORDERS_WS_KEY = os.environ["LIVE_ORDERS_WS_KEY"]
PAYMENT_STATUS_WS_KEY = os.environ["PAYMENT_STATUS_WS_KEY"]
CHAT_WS_KEY = os.environ["CHAT_WS_KEY"]
