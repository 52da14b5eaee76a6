"""How to begin: golden paths, each a Backstage Software Template that `roadworthy new` renders by itself."""
