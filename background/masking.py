"""What must not stand in the records of tasks: an error's text may quote what the task worked on."""

import re

_MASK = "•••"

#: Characters of a text that are looked at; of a longer one its middle is left out. Every repetition below has an end as well,
#: so that no text, however it is made, takes a worker's time.
LONGEST = 200_000

_LEFT_OUT = "\n…\n"

#: A name that says that what follows is secret, however it begins: `Authorization: …`, `"api_key" = …`, `GITHUB_TOKENS=…`, `('cookie', b'…`.
_NAMED = (
    r"(?i)((?:authorization|cookie|password|passwd|passphrase|secret|token|sessionid|(?:access|api|encryption|private|secret|signing)[_-]?key)s?"
    r"['\"]?\s{0,5}(?:=>|[=:]|\bis\b|(?<=['\"]),)\s{0,5})"
)
_QUOTED = r"b?'(?:[^'\\]|\\.)*'|b?\"(?:[^\"\\]|\\.)*\""
#: Several, as Python writes them.
_LISTED = r"[\[({][^\])}\n]{1,2000}[\])}]?"

#: What comes in a traceback after the text of an error, with the bars of a group of errors.
_NEXT_IN_TRACEBACK = r"\n[\s|+]{0,80}(?:The above |During handling |Traceback |File \"|CONTEXT:|-{4})"

_patterns: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"-----BEGIN ([A-Z ]{0,40})PRIVATE KEY-----.*?(?:-----END|\Z)", re.DOTALL), _MASK),
    # The secret part of an address of the web: who logs in (a password may hold a slash or an @), and all after the question mark.
    (re.compile(r"(?<=://)[^\s/'\"<>]{0,500}@"), f"{_MASK}@"),
    (re.compile(r"(?<=://)[^\s/@:'\"<>]{0,200}:(?!\d{1,5}(?:/|\b))[^\s'\"<>]{0,500}@"), f"{_MASK}@"),
    (re.compile(r"(\bhttps?://[^\s?'\"<>]{1,2000})\?[^\s'\"<>]+"), rf"\1?{_MASK}"),
    # People: “Jane Doe <jane@example.org>”, and what the database says of rows that it refuses.
    (
        re.compile(
            r"(?:\"[^\"\n]{1,80}\"|=\?[^\s<>]{1,200}\?=|(?:[^\W\d_][\w.'’-]{0,40}[ \t]){1,4})[ \t]?<[^\s<>@]{1,64}@[^\s<>]{1,255}>"
        ),
        _MASK,
    ),
    (
        re.compile(r"(?:[\w.+%'-]{1,64}|\"[^\"\n]{1,64}\")(?:@|%40)(?:[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}|\[[\w.:]{2,60}\])"),
        _MASK,
    ),
    # What people wrote has lines.
    (
        re.compile(r"(\b[Kk]ey \([^=\n]{1,300}\)=)\([\s\S]{0,2000}?\)(?= (?:already|is|conflicts)|[\s.]{0,80}$)", re.MULTILINE),
        rf"\1({_MASK})",
    ),
    (re.compile(rf"(Failing row contains )\(.*?(?={_NEXT_IN_TRACEBACK}|\Z)", re.DOTALL), rf"\1({_MASK})."),
    # A header of cookies holds several: the whole line.
    (re.compile(r"(?i)(\b(?:set-)?cookie:\s{0,5})[^\r\n'\"]+"), rf"\1{_MASK}"),
    (re.compile(r"(?i)((?:password|secret|token)s\s{0,5}=\s{0,5})[^\s'\"\[({][^\s'\"]*"), rf"\1{_MASK}"),
    (re.compile(rf"{_NAMED}(?:{_QUOTED}|{_LISTED}|(?:(?:bearer|basic|token)\s{{1,5}})?[^\s,;)}}\]]+)"), rf"\1{_MASK}"),
    (re.compile(r"(?i)\b(bearer|basic)\s{1,5}(?=[\w.~+/-]{0,200}[\d=])[\w.~+/-]{8,}=*"), rf"\1 {_MASK}"),
    # Keys by how they begin: GitHub's, Slack's, GitLab's, PyPI's, Stripe's and others', Amazon's; JSON web tokens.
    (
        re.compile(r"\b(?:gh[a-z]_|github_pat_|xox[a-z]-|glpat-|pypi-|[srp]k[-_](?:live|test|proj|ant)?[-_]?(?=\w{16}))[\w-]+"),
        _MASK,
    ),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), _MASK),
    # Whatever begins as one: looking for the dot from each beginning anew would take the square of the text's length.
    (re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]+){0,4}"), _MASK),
    # Long runs of letters and digits are keys more often than words. Dotted paths and ids of tasks stay readable.
    (re.compile(r"\b(?=\w{0,200}\d)(?=\w{0,200}[A-Za-z])[A-Za-z0-9_]{32,}\b"), _MASK),
    (re.compile(r"(?<![\w-])(?=[\w-]{0,200}\d)(?=[\w-]{0,200}[a-z])(?=[\w-]{0,200}[A-Z])[\w-]{40,}(?![\w-])"), _MASK),
]


def register_mask(pattern: str, replacement: str = _MASK) -> None:
    """Hide what the regular expression `pattern` finds, in every error text and traceback of a task from now on.

    `replacement` may keep groups of it (`\\1`). Give every repetition an end: error texts can be long.
    """
    compiled = re.compile(pattern)
    if all(known.pattern != pattern for known, _ in _patterns):
        _patterns.append((compiled, replacement))


def mask(text: str) -> str:
    """`text` without mail addresses, tokens, passwords and the secret parts of addresses of the web.

    Masking a masked text changes nothing. Of a text of more than `LONGEST` characters the middle is left out.
    """
    if len(text) > LONGEST:
        half = LONGEST // 2
        # At whole words, so that half a secret is not taken for a word.
        text = text[:half].rpartition(" ")[0] + _LEFT_OUT + text[-half:].partition(" ")[2]
    for pattern, replacement in _patterns:
        text = pattern.sub(replacement, text)
    # PostgreSQL stores no zero byte, and nothing else goes through UTF-8 that is half a character.
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
