"""Tables as CSV files that spreadsheets open without running what people typed."""

import csv
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

from cohorts.csv_cells import harmless_cell


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
