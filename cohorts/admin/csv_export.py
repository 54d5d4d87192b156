"""Tables as CSV files that spreadsheets open without running what people typed."""

import csv
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

#: A spreadsheet takes a cell that begins so for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def harmless_cell(value) -> str:
    """The text of a cell; one that a spreadsheet would run gets an apostrophe before it. Numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    text = str(value)
    return f"'{text}" if text.lstrip(" \n").startswith(_FORMULA_STARTS) else text


def csv_response(filename: str, header: Sequence, rows: Iterable[Sequence]) -> HttpResponse:
    """A download of `rows` under `header`, in UTF-8 with a mark that spreadsheets need to see it."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "no-store"
    response.write("\ufeff")
    writer = csv.writer(response)
    writer.writerow([harmless_cell(cell) for cell in header])
    writer.writerows([harmless_cell(cell) for cell in row] for row in rows)
    return response
