"""What must not stand in the records of tasks: an error's text may quote what the task worked on."""

import re

_MASK = "•••"

_patterns: list[tuple[re.Pattern[str], str]] = [
    # The secret part of an address of the web: who logs in, and everything after the question mark.
    (re.compile(r"(?<=://)[^\s/@'\"]+@"), f"{_MASK}@"),
    (re.compile(r"(\bhttps?://[^\s?'\"<>]+)\?[^\s'\"<>]+"), rf"\1?{_MASK}"),
    (re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), _MASK),
    # GitHub's tokens, JSON web tokens, and whatever is called a secret by the text itself.
    (re.compile(r"\b(?:gh[a-z]_|github_pat_)\w+"), _MASK),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+"), _MASK),
    (
        re.compile(
            r"(?i)(\b[\w-]*(?:authorization|cookie|password|passwd|secret|token|api[_-]?key)['\"]?\s*(?:[=:]|\bis\b)\s*)"
            r"(?:(?:bearer|basic|token)\s+)?(?:'[^']*'|\"[^\"]*\"|[^\s,;)}\]]+)"
        ),
        rf"\1{_MASK}",
    ),
    # Long runs of letters and digits are keys more often than words. Dotted paths and ids of tasks stay readable.
    (re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9_]{32,}\b"), _MASK),
]


def register_mask(pattern: str, replacement: str = _MASK) -> None:
    """Hide what the regular expression `pattern` finds, in every error text and traceback of a task from now on."""
    compiled = re.compile(pattern)
    if all(known.pattern != pattern for known, _ in _patterns):
        _patterns.append((compiled, replacement))


def mask(text: str) -> str:
    """`text` without mail addresses, tokens, passwords and the secret parts of addresses of the web."""
    for pattern, replacement in _patterns:
        text = pattern.sub(replacement, text)
    # PostgreSQL stores no zero byte, and nothing else goes through UTF-8 that is half a character.
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
