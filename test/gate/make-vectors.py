"""Prints, as one JSON object, what the Django on PYTHONPATH writes: sessions, auth hashes, passwords, group messages.

Run once for each version (test/gate/unpack-django.sh); vectors.json beside this file holds the answers of 3.2, 4.2 and 5.2.
"""
import json
import sys

import django
from django.conf import settings

SECRET_KEY = "vectors-only-" + "k" * 40
OLD_KEY = "vectors-old-" + "o" * 40

settings.configure(
    SECRET_KEY=SECRET_KEY,
    SECRET_KEY_FALLBACKS=[OLD_KEY],
    USE_TZ=True,
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    PASSWORD_HASHERS=[
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
        "django.contrib.auth.hashers.ScryptPasswordHasher",
    ] if django.VERSION >= (4, 0) else [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
    ],
)
django.setup()

from django.contrib.auth.hashers import make_password  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.backends.cached_db import SessionStore as CachedStore  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core import signing  # noqa: E402
from django.utils.crypto import salted_hmac  # noqa: E402

BACKEND = "django.contrib.auth.backends.ModelBackend"
password = make_password("houselights-demo", salt="abcdefghijkl")
user = User(pk=7, username="asha", password=password)


def session(data, key=SECRET_KEY):
    salt = "django.contrib.sessions.SessionStore"
    from django.contrib.sessions.serializers import JSONSerializer
    return signing.dumps(data, key=key, salt=salt, serializer=JSONSerializer, compress=True)


signed_in = {"_auth_user_id": "7", "_auth_user_backend": BACKEND, "_auth_user_hash": user.get_session_auth_hash()}
old_hash = salted_hmac(
    "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash", password, secret=OLD_KEY, algorithm="sha256",
).hexdigest()

out = {
    "django": ".".join(map(str, django.VERSION[:3])),
    "secretKey": SECRET_KEY,
    "fallbackKey": OLD_KEY,
    "sessions": [
        {"what": "signed in", "data": SessionStore().encode(signed_in), "decoded": signed_in},
        {"what": "signed in, cached_db", "data": CachedStore().encode(signed_in), "decoded": signed_in},
        {"what": "anonymous", "data": SessionStore().encode({"cart": [1, 2]}), "decoded": {"cart": [1, 2]}},
        {"what": "empty", "data": SessionStore().encode({}), "decoded": {}},
        {"what": "with text beyond ASCII", "data": SessionStore().encode({**signed_in, "name": "आशा ✓"}), "decoded": {**signed_in, "name": "आशा ✓"}},
        {"what": "signed with the fallback key, hash of the fallback key", "data": session({**signed_in, "_auth_user_hash": old_hash}, OLD_KEY), "decoded": {**signed_in, "_auth_user_hash": old_hash}},
        {"what": "hash of another password (changed since): not signed in", "data": session({**signed_in, "_auth_user_hash": "0" * 64}), "decoded": {**signed_in, "_auth_user_hash": "0" * 64}},
        {"what": "signed with a key that nobody has: no session", "data": session(signed_in, "x" * 50), "decoded": None},
    ],
    "user": {"id": 7, "password": password, "authHash": user.get_session_auth_hash(), "authHashOfFallback": old_hash},
    "passwords": [
        {"plain": "houselights-demo", "hash": make_password("houselights-demo", salt="abcdefghijkl", hasher="pbkdf2_sha256")},
        {"plain": "पासवर्ड ✓", "hash": make_password("पासवर्ड ✓", salt="mnopqrstuvwx", hasher="pbkdf2_sha256")},
        {"plain": "houselights-demo", "hash": make_password("houselights-demo", salt="abcdefghijkl", hasher="pbkdf2_sha1")},
        {"plain": None, "hash": make_password(None)},
    ] + ([{"plain": "houselights-demo", "hash": make_password("houselights-demo", salt="abcdefghijkl", hasher="scrypt")}] if django.VERSION >= (4, 0) else []),
}
try:
    import channels_redis
    import msgpack
    message = {"type": "send_status", "value": json.dumps({"updated_table_data": json.dumps({"msg_typ": "confirmation", "order_id": 5})})}
    out["channelsRedis"] = {
        "version": channels_redis.__version__,
        "pubsub": {"channel": "asgi__group__all-seat-status", "payloadBase64": __import__("base64").b64encode(msgpack.packb(message)).decode(), "message": message},
    }
except ImportError:
    pass
json.dump(out, sys.stdout, ensure_ascii=False, indent=1)
