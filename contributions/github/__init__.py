"""Talking to GitHub: the client, its errors, the documents it sends and what they cost, and which token asks.

Only `access` and `leases` know a model: the budgets of tokens.
"""
