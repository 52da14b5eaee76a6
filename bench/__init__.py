"""Benchmarks that print ratios against a floor in the same run. Not timed tests."""
