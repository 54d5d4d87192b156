"""What every page knows about the site."""

from django.conf import settings

from .language import own_names


def site(request):
    """Name and contact of the site, its languages where there is a choice, and the visitor's theme ("light", "dark" or "")."""
    theme = request.COOKIES.get("theme", "")
    return {
        "site_name": settings.SITE_NAME,
        "contact_email": settings.CONTACT_EMAIL,
        "theme": theme if theme in {"light", "dark"} else "",
        "is_demo": settings.DEMO,
        "languages": own_names() if len(settings.LANGUAGES) > 1 else [],
    }
