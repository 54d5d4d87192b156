"""The obvious way: three REST searches a member, with GitHub's limit of 30 a minute waited out on the sandbox's own clock."""

import time
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from .worlds import Size


@dataclass
class Searched:
    """`seconds` is the time that it really took; `waited` what it would have waited for the limit."""

    requests: int = 0
    seconds: float = 0.0
    waited: timedelta = timedelta()


def search(world, size: Size) -> Searched:
    """Search once for all members: pull requests by, issues by, and pull requests reviewed by each.

    It is counted only as far as the lists go, although each pull request would need further requests for its checks, its
    reviews and its linked issues.
    """
    from contributions.github.client import client_from_settings
    from contributions.github.errors import RateLimited

    searched = Searched()
    since = (world.now - timedelta(days=25)).date()
    began = time.perf_counter()
    with client_from_settings() as client:
        for number in range(1, size.members + 1):
            login = f"m{number:04}"
            for words in (f"author:{login} type:pr", f"author:{login} type:issue", f"reviewed-by:{login} type:pr"):
                path = f"search/issues?per_page=100&q={quote(f'{words} updated:>={since}')}"
                while True:
                    try:
                        client.get(path)
                    except RateLimited:
                        world.move_on(minutes=1)
                        searched.waited += timedelta(minutes=1)
                    else:
                        searched.requests += 1
                        break
    searched.seconds = time.perf_counter() - began
    return searched
