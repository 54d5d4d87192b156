"""Mail from words with placeholders: what organisers write is read once, and then filled for each person.

`reading` turns Markdown with `{placeholders}` into blocks (`blocks`, `inlines`), `values` makes what fills them harmless, `passages` are
whole texts that fill one, and `checks` says what is wrong with a text before it is saved. Pure: nothing here asks the database.
"""
