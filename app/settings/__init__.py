"""Settings: one YAML file and the environment, read once at start, complete or refused as a whole.

`ROADWORTHY_DATABASE__URL` overrides `database: {url: …}` (two underscores a level; lists and mappings as JSON).
Secrets stand only in variables or files: `token: {env: NAME}` or `token: {file: path}`, and are never shown.
Relative paths lie beside the settings file. `load` is the project's only reader of the environment.
"""

from app.settings.loading import load
from app.settings.model import Settings
from app.settings.schema import describe
from app.settings.secret import Secret

__all__ = ["Secret", "Settings", "describe", "load"]
