"""Makes the tables and the accounts in a new database."""
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

import django  # noqa: E402

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from theatre.models import Order  # noqa: E402

# theatre, which has no migrations, refers to the users
call_command("migrate", "auth", verbosity=0)
call_command("migrate", run_syncdb=True, verbosity=0)
users = get_user_model().objects
users.create_user("staff", password="houselights-demo", is_staff=True)
users.create_user("second", password="houselights-demo", is_staff=True)
asha = users.create_user("asha", password="houselights-demo")
users.create_user("ravi", password="houselights-demo")
users.create_superuser("boss", password="houselights-demo")
Order.objects.create(customer=asha)
