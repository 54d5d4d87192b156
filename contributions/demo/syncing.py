"""Syncs of the demonstration inside one process, with the sandbox in place of the network."""
