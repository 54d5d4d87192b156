"""A line of the audit log in words."""

from typing import Any

from django.apps import apps
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AuditEntry

from .actions import actions

#: What details are called, and what their values mean, as far as apps said so.
_labels: dict[str, Any] = {}
_values: dict[tuple[str, Any], Any] = {}


def register_words(name: str, label: Any, values: dict[Any, Any] | None = None) -> None:
    """Have the detail `name` shown as `label` (a lazy text), and its values, or the parts of a list, as `values` says."""
    _labels[name] = label
    _values.update({(name, value): words for value, words in (values or {}).items()})


def action_words(key: str) -> str:
    """The action in words. One that no app registers any more keeps its name."""
    known = actions().get(key)
    return str(known.label) if known else key


def detail_words(entry: AuditEntry) -> list[tuple[str, str]]:
    """The details: what each is called, and its value."""
    found = []
    for name, value in entry.details.items():
        parts = value if isinstance(value, list) else [value]
        words = ", ".join(_value_words(name, part) for part in parts)
        if words:
            found.append((str(_labels.get(name, name.replace("_", " "))), words))
    return found


def _value_words(name: str, value: Any) -> str:
    if (name, value) in _values:
        return str(_values[name, value])
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "–" if value is None else str(value)


def about_words(entry: AuditEntry) -> str:
    """What it is about, such as “Application 12”; empty for nothing."""
    if not entry.about_type:
        return ""
    try:
        name = capfirst(str(apps.get_model(entry.about_type)._meta.verbose_name))
    except LookupError:
        name = entry.about_type
    return _("%(thing)s %(number)s") % {"thing": name, "number": entry.about_key}


def register() -> None:
    ways = {
        "password": gettext_lazy("password"),
        "code": gettext_lazy("code by mail"),
        "mfa:totp": gettext_lazy("code of an app"),
        "mfa:recovery_codes": gettext_lazy("recovery code"),
        "mfa:webauthn": gettext_lazy("passkey"),
        "socialaccount:github": gettext_lazy("GitHub"),
    }
    register_words("how", gettext_lazy("with"), ways)
    kinds = {"totp": ways["mfa:totp"], "recovery_codes": gettext_lazy("recovery codes"), "webauthn": ways["mfa:webauthn"]}
    register_words("kind", gettext_lazy("kind"), kinds)
    register_words("mail", gettext_lazy("mail"))
    register_words("operator", gettext_lazy("operator"))
    register_words("active", gettext_lazy("can log in"))
    register_words("what", gettext_lazy("what"))
    register_words("rows", gettext_lazy("rows"))
    register_words("tasks", gettext_lazy("tasks"))
    register_words("runs", gettext_lazy("how many"))
