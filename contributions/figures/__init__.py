"""A session in figures: what was opened, merged and reviewed week by week, and how long people waited for an answer.

`loading` reads plain rows with a constant number of queries; `counting`, `withholding`, `waits` and `comparing` are pure
functions on them; `telling`, `tables` and `charts` say the result as Markdown, as rows and as pictures.
"""
