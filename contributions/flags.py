"""Words for what a tracker says about a ticket. Codes as in `WorkItem.flags`."""

from django.utils.translation import gettext_lazy as _

FLAGS = {
    "has_patch": _("has a patch"),
    "needs_better_patch": _("the patch needs improvement"),
    "needs_tests": _("needs tests"),
    "needs_docs": _("needs documentation"),
    "easy": _("good for a beginner"),
}


def flag_words(codes: list[str]) -> list[str]:
    """Each in words, in their order; what nobody knows is left out."""
    return [str(FLAGS[code]) for code in codes if code in FLAGS]
