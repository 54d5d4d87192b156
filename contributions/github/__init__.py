"""Talking to GitHub: the client, its errors, the documents it sends and what they cost. Knows no model."""
