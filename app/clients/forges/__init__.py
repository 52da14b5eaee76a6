"""The REST APIs of forges, one module a forge, over one careful way of asking (`api`)."""
