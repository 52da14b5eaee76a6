"""Roadworthy: SRE maturity scorecards for a developer portal."""
