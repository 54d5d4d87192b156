"""Where a page may lead on to: pages of this site alone, named by their path."""

from django.utils.http import url_has_allowed_host_and_scheme

#: Longer than any address of ours with what is chosen in it.
LONGEST = 2000


def is_path_of_ours(address: str | None) -> bool:
    """Whether `address` is a path on this site, such as `/me/?tab=1`.

    Whole addresses are refused even where they name this site: behind a host name that ALLOWED_HOSTS leaves open stands whoever made
    the link. So is everything that some browser takes for another site: `//`, a backslash, control characters, a scheme.
    """
    if not address or len(address) > LONGEST or not address.startswith("/"):
        return False
    if any(not letter.isprintable() for letter in address):
        return False
    return url_has_allowed_host_and_scheme(address, allowed_hosts=None)


def safe_next(address: str | None, default: str = "") -> str:
    """`address` where it is a path of ours, else `default`."""
    return address if address and is_path_of_ours(address) else default
