"""Figures in the text format of Prometheus, version 0.0.4."""

from collections.abc import Iterable, Mapping

from .counting import BUCKETS, Counts
from .figures import Figure

PREFIX = "cohorts_"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def written(figures: Iterable[Figure]) -> str:
    lines = []
    for figure in figures:
        name = f"{PREFIX}{figure.name}"
        lines += [f"# HELP {name} {_plain(figure.help)}", f"# TYPE {name} {figure.kind}"]
        lines += figure.lines or [f"{name}{_labels(labels)} {_number(value)}" for labels, value in figure.values]
    return "\n".join(lines) + "\n"


def request_figures(counts: Counts) -> list[Figure]:
    """How many requests there were, and how long they took, by route."""
    requests = []
    for key, number in sorted(counts["requests"].items()):
        method, _space, rest = key.partition(" ")
        route, _space, status = rest.rpartition(" ")
        requests.append(({"method": method, "route": route, "status": status}, number))
    lines = []
    name = f"{PREFIX}request_seconds"
    for route, numbers in sorted(counts["durations"].items()):
        so_far = 0
        for end, number in zip((*map(_number, BUCKETS), "+Inf"), numbers, strict=True):
            so_far += number
            lines.append(f"{name}_bucket{_labels({'route': route, 'le': end})} {so_far}")
        lines.append(f"{name}_sum{_labels({'route': route})} {_number(counts['seconds'].get(route, 0.0))}")
        lines.append(f"{name}_count{_labels({'route': route})} {so_far}")
    return [
        Figure("requests_total", "Requests since the first process of the web server started, by route.", requests, "counter"),
        Figure("request_seconds", "How long requests took, by route.", (), "histogram", tuple(lines)),
    ]


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    inside = ",".join(f'{name}="{_quoted(value)}"' for name, value in labels.items())
    return f"{{{inside}}}"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", " ")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(round(float(value), 6))
