"""Where a secret is hidden, instead of the secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret's hiding place. `reveal()` reads it at the moment of use; nothing prints it."""

    env: str = ""
    file: str = ""

    def reveal(self, environ: Mapping[str, str], folder: Path = Path()) -> str:
        """The secret's text. A relative file lies in `folder`. Raises SettingsError when it is not there or empty."""
        if self.env:
            value = environ.get(self.env, "")
            origin = f"the environment variable {self.env}"
        else:
            origin = f"the file {self.file}"
            try:
                value = (folder / Path(self.file).expanduser()).read_text("utf-8").strip()
            except OSError as error:
                raise SettingsError(f"{origin} can't be read: {error.strerror}") from None
            except ValueError:
                raise SettingsError(f"{origin} can't be read: it is no text") from None
        if not value:
            raise SettingsError(f"{origin} holds no secret")
        return value
