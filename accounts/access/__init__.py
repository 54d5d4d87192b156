"""Who gets in, and who stays in: the second step, proving oneself again, browser sessions, sign-ups, and where a link may lead.

What apps have to say about it they register: `second_factor.register_role` and `register_open_page`, `proving.register_sensitive`.
"""
