"""Cells of tables that spreadsheets open: the rules are those of all apps."""

from accounts.csv_cells import harmless_cell, plain_cell

__all__ = ["harmless_cell", "plain_cell"]
