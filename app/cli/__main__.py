"""`python -m app.cli`: the same as the command `roadworthy`."""

from app.cli.main import main

main()
