"""What somebody typed into a form after their log-in had run out, kept on the server in the browser session until they are back."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import wraps

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.limits import within_limit

KEY = "kept_words"
#: Of so many forms at once; the oldest goes first.
MOST_KEPT = 3
#: In characters, of all fields of a form: what is a little too long for its field is not lost.
LARGEST = 60_000


def keeps_words(fields: Sequence[str] | re.Pattern[str], partial: str) -> Callable:
    """For a view that saves a form at its own address: words that come without a log-in are kept, and a log-in is asked for.

    `fields` are the names of those with words, or a pattern that is theirs.
    `partial` tells htmx what became of them: it gets `logged_out`, `is_kept` and `log_in`, the address to go on at.
    """

    def decorator(view):
        @wraps(view)
        def wrapper(request, *args, **kwargs):
            if request.method != "POST" or request.user.is_authenticated:
                return view(request, *args, **kwargs)
            is_kept = _keep(request, fields)
            log_in = redirect_to_login(request.path)
            if request.htmx:
                return render(request, partial, {"logged_out": True, "is_kept": is_kept, "log_in": log_in.url})
            if is_kept:
                messages.info(request, _("Log in to go on. What you typed is kept, and you find it in the form again."))
            return log_in

        return wrapper

    return decorator


def kept_words(request) -> dict[str, str]:
    """What is kept for the form at this address, by field; empty without any."""
    return request.session.get(KEY, {}).get(request.path, {})


def forget_words(request, saved: Iterable[str]) -> None:
    """The fields `saved` of the form at this address are stored now; what was typed in others goes on waiting."""
    waiting = request.session.get(KEY, {})
    if request.path not in waiting:
        return
    left = {name: text for name, text in waiting[request.path].items() if name not in set(saved)}
    others = {path: words for path, words in waiting.items() if path != request.path}
    request.session[KEY] = {**others, request.path: left} if left else others


def _keep(request, fields: Sequence[str] | re.Pattern[str]) -> bool:
    """Whether the words are kept now: not those that no form could hold, nor of very many visitors from one address."""
    names = [name for name in request.POST if fields.fullmatch(name)] if isinstance(fields, re.Pattern) else fields
    words = {name: request.POST[name] for name in names if name in request.POST}
    kept = dict(request.session.get(KEY, {}))
    together = kept.pop(request.path, {}) | words
    # A first text makes a row in the database, and anybody can send one.
    is_first = request.session.is_empty() or request.session.session_key is None
    if not words or sum(map(len, together.values())) > LARGEST:
        return False
    if is_first and not within_limit(request, "keep_entry"):
        return False
    request.session[KEY] = dict(list({**kept, request.path: together}.items())[-MOST_KEPT:])
    return True
