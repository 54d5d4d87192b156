"""Tags for what pages about work show many times: rows of lists and lanes of the week strip."""

from django import template
from django.utils.safestring import SafeString, mark_safe

from contributions import row_drawing, strip_drawing
from contributions.reading import Row
from contributions.strip import Part, Strip

register = template.Library()


@register.simple_tag
def work_rows(rows: list[Row]) -> SafeString:
    """List entries of pieces of work."""
    return mark_safe("".join(row_drawing.draw_row(row) for row in rows))  # noqa: S308 (each is safe)


@register.simple_tag
def strip_shapes() -> SafeString:
    """The marks of the week strip, once a page."""
    return strip_drawing.shapes()


@register.simple_tag
def strip_scale(strip: Strip) -> SafeString:
    """The weeks above the lanes."""
    return strip_drawing.scale(strip)


@register.simple_tag
def strip_grid(strip: Strip) -> SafeString:
    """The weeks and today behind the lanes."""
    return strip_drawing.grid(strip)


@register.simple_tag
def strip_lanes(lanes) -> SafeString:
    """A list entry for each lane."""
    return strip_drawing.lanes(lanes)


@register.simple_tag
def strip_swarm(part: Part) -> SafeString:
    """The folded lanes of a part as one picture."""
    return strip_drawing.swarm(part)


@register.simple_tag
def strip_table_rows(strip: Strip) -> SafeString:
    """The rows of the table that says the same."""
    return strip_drawing.table_rows(strip)
