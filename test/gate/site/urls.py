from django.contrib.auth import views as auth
from django.urls import path
from theatre import views

urlpatterns = [
    path("accounts/login/", auth.LoginView.as_view(template_name="form.html")),
    path("accounts/logout/", views.sign_out),
    path("accounts/password/", auth.PasswordChangeView.as_view(template_name="form.html", success_url="/live-orders/")),
    path("live-orders/", views.live_orders),
    path("notify/<str:group>/", views.notify),
    path("steps/<str:step>/", views.steps),
]
