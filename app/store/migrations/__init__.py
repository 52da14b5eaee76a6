"""Schema revisions. Each file of `versions/` stands alone: it never imports `tables`, which moves on."""
