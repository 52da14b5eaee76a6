"""What we remember: SQLAlchemy Core over SQLite (embedded) or PostgreSQL. `store.Store` is the door."""
