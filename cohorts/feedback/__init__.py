"""Feedback: sets of questions with versions, who is asked when, what people say, and what others may read of it.

`usual` and `editing` make the forms, `dates` (pure) says when each person is asked, `asking` asks, `writing` keeps what is said,
`counting` (pure) counts it and says what may be told of it, `results` puts the page together.
"""
