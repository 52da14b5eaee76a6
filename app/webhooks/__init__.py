"""In: what forges tell us by webhook, one module a forge. A payload is a hint; the due table is the truth."""
