"""How work waits: when a repository is next due, hints that it is, and the worker that claims and runs."""
