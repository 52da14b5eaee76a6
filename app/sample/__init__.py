"""A sample organisation of real git repositories: good, bad and odd."""
