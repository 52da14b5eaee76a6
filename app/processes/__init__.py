"""The processes of a running service: the web server, embedded or in production, and the worker."""
