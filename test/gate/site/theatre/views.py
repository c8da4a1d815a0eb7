import json

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.auth import authenticate, get_user_model, login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt


@login_required
def live_orders(request):
    return render(request, "live_orders.html")


def sign_out(request):
    logout(request)
    return redirect("/accounts/login/")


@csrf_exempt
def notify(request, group):
    """What a view of the site does when an order changes: group_send."""
    send = async_to_sync(get_channel_layer().group_send)
    send(group, {"type": "send_status", "value": request.body.decode()})
    return HttpResponse(status=204)


@csrf_exempt
def steps(request, step):
    """What tests do at the site without a browser, by Django's own functions."""
    data = json.loads(request.body or b"{}")
    if step == "login":
        user = authenticate(request, username=data["username"], password=data["password"])
        if user is None:
            return JsonResponse({}, status=401)
        login(request, user)
        return JsonResponse({"id": user.pk})
    if step == "logout":
        logout(request)
    elif step == "flush":
        request.session.flush()
    elif step == "expiry":
        request.session.set_expiry(data["seconds"])
    elif step == "password":
        request.user.set_password(data["password"])
        request.user.save()
        update_session_auth_hash(request, request.user)
    elif step == "visit":
        return JsonResponse({"user": request.user.get_username()})
    else:
        users = get_user_model().objects.filter(username=data["username"])
        if step == "set":
            users.update(**data["fields"])
        elif step == "set-password":
            user = users.get()
            user.set_password(data["password"])
            user.save()
        elif step == "delete":
            users.delete()
    return JsonResponse({})
