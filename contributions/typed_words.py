"""What a member typed after the log-in had run out, kept on the server in the browser session until they are back."""

from functools import wraps

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.limits import within_limit

from .statements import FIELDS

KEY = "typed_words"
#: Of so many pieces of work at once; the oldest goes first.
MOST_KEPT = 3
#: In characters: twice what the longest field takes, so that what is a little too long is not lost.
LONGEST = 4000


def keeps_words(view):
    """For a view `(request, pk)` that saves a `StatementForm`: words that come without a log-in are kept, and a log-in is asked for."""

    @wraps(view)
    def wrapper(request, pk):
        if request.method != "POST" or request.user.is_authenticated:
            return view(request, pk)
        is_kept = _keep(request, pk)
        log_in = redirect_to_login(request.path)
        if request.htmx:
            return render(
                request, "contributions/work.html#saved", {"logged_out": True, "is_kept": is_kept, "log_in": log_in.url}
            )
        if is_kept:
            messages.info(request, _("Log in to go on. What you typed is kept, and you find it in the form again."))
        return log_in

    return wrapper


def kept_words(request, pk: int) -> dict[str, str] | None:
    """What is kept for a contribution, by field; None without any."""
    return request.session.get(KEY, {}).get(str(pk))


def forget_words(request, pk: int) -> None:
    kept = dict(request.session.get(KEY, {}))
    if kept.pop(str(pk), None) is not None:
        request.session[KEY] = kept


def _keep(request, pk: int) -> bool:
    """Whether the words are kept now: not those that no form could hold, nor of very many visitors from one address."""
    words = {name: request.POST[name] for name in FIELDS if name in request.POST}
    # A first text makes a row in the database, and anybody can send one.
    is_first = request.session.is_empty() or request.session.session_key is None
    if not words or any(len(text) > LONGEST for text in words.values()):
        return False
    if is_first and not within_limit(request, "keep_entry"):
        return False
    kept = dict(request.session.get(KEY, {}))
    kept[str(pk)] = kept.pop(str(pk), {}) | words
    request.session[KEY] = dict(list(kept.items())[-MOST_KEPT:])
    return True
