"""Out: what is told to people and machines when a score really changed. Pure: messages in, requests out."""
