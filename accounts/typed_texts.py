"""What somebody wrote into a form that was refused, so that the page which says so can give it back."""

from django.http import HttpRequest


def typed_texts(request: HttpRequest) -> list[str]:
    """The sentences that were sent from a page of ours, to be copied; never a password, and nothing that another site sent."""
    if request.headers.get("Origin") != f"{request.scheme}://{request.get_host()}":
        return []
    sent = [(name, text.strip()) for name, texts in request.POST.lists() for text in texts if isinstance(text, str)]
    return [text for name, text in sent if " " in text and len(text) > 30 and "password" not in name]
