"""Faults that happen to real worker processes, on a real database. Also an app, which the workers of these tests install."""
