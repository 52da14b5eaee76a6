"""`/badges`: where an entity stands, as a small picture for READMEs and pages, and as JSON for shields.io.

`widths` measures text, `drawing` draws, `badge` decides what to say, `routes` is the door.
"""
