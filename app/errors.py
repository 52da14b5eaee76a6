"""One family of errors; every message is a sentence a person can act on.

`permanent` says whether trying again can help: a missing repository is permanent, a time-out is not.
"""

from __future__ import annotations

from typing import Any


class RoadworthyError(Exception):
    """Base of every error this project raises on purpose."""

    permanent = True


class SettingsError(RoadworthyError):
    """The settings file or environment is wrong; the whole of it is refused."""


class DocumentError(RoadworthyError):
    """A YAML or JSON text can't be read. `line` and `column` count from 1; `code` is kebab-case."""

    def __init__(self, message: str, line: int = 1, column: int = 1, code: str = "yaml-invalid") -> None:
        super().__init__(message)
        self.message, self.line, self.column, self.code = message, line, column, code

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


class PolicyError(RoadworthyError):
    """Policy documents are wrong. `problems` holds every one of them, not only the first."""

    def __init__(self, problems: tuple[Any, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class GoldenPathError(RoadworthyError):
    """A golden path can't be rendered or written: an answer, a template or the folder is wrong."""


class RepositoryError(RoadworthyError):
    """A repository can't be read. `reason` is one of `facts.model.Reason`'s values."""

    def __init__(self, message: str, *, reason: str = "source_failing", permanent: bool = False) -> None:
        super().__init__(message)
        self.reason, self.permanent = reason, permanent


class ProviderError(RoadworthyError):
    """A provider could not list what exists. It deletes nothing."""

    permanent = False


class NotFoundError(RoadworthyError):
    """What was asked for by name does not exist."""


class StaleError(RoadworthyError):
    """A save was refused: what it was computed from has moved on. Doing it again is right."""

    permanent = False


class CredentialsError(RoadworthyError):
    """Who asks could not be proven. The message is always the same: it never says what was wrong."""

    def __init__(self) -> None:
        super().__init__("Sign in to see this.")


class UncheckableError(RoadworthyError):
    """Who asks can't be checked now: the issuer's keys can't be fetched."""

    permanent = False
