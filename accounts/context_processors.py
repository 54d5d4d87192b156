"""What every page knows about the site."""

from django.conf import settings


def site(request):
    """Name and contact of the site, and the theme that the visitor chose ("light", "dark" or "")."""
    theme = request.COOKIES.get("theme", "")
    return {
        "site_name": settings.SITE_NAME,
        "contact_email": settings.CONTACT_EMAIL,
        "theme": theme if theme in {"light", "dark"} else "",
        "is_demo": settings.DEMO,
    }
