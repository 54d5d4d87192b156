"""Moving in: past sessions, people and applications from the tables that spreadsheets and forms export.

From bytes to rows (`table`), from rows to what they mean (`fields`, `guessing`, `values`, `judging`: pure), against what the site has
(`planning`), written in batches by a worker (`writing`), and taken back (`undoing`). Files live no longer than they must (`keeping`).
"""
