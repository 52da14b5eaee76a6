"""Answers to a golden path's questions: checked as the form in Backstage would, and brought into the form's shape."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from datetime import date
from urllib.parse import quote, urlsplit

from app.catalog.model import EntityRef
from app.errors import GoldenPathError, RepositoryError
from app.golden_paths.model import GoldenPath, Question
from app.repos import urls

_PICKED = re.compile(r"[^/?\s]+\?(?=.*\bowner=)(?=.*\brepo=)\S+")


def complete(path: GoldenPath, given: Mapping[str, str], today: date) -> dict[str, str]:
    """Every question's answer: given, or its default. Raises GoldenPathError naming all that is missing or wrong."""
    known = {one.name for one in path.questions}
    if strange := sorted(given.keys() - known):
        asked = ", ".join(sorted(known))
        close = difflib.get_close_matches(strange[0], sorted(known), 1)
        meant = f"; did you mean {close[0]}?" if len(strange) == 1 and close else f"; it asks for {asked}"
        raise GoldenPathError(f"{path.kind} does not ask for {', '.join(strange)}{meant}")
    answers = {one.name: given.get(one.name, "").strip() or default(one, today) for one in path.questions}
    missing = [one.name for one in path.questions if one.required and not answers[one.name]]
    if missing:
        wanted = " ".join(f"--set {name}=…" for name in missing)
        raise GoldenPathError(f"{path.kind} needs {', '.join(missing)}: {wanted}")
    return {one.name: fitted(one, answers[one.name]) for one in path.questions}


def default(question: Question, today: date) -> str:
    """What is taken when nothing is said; a date that must be given is today's."""
    return today.isoformat() if question.format == "date" and question.required else question.default


def fitted(question: Question, answer: str) -> str:
    """The answer as the form would give it. Raises GoldenPathError with one sentence."""
    shaped = _SHAPES[question.picker](answer) if answer and question.picker in _SHAPES else answer
    if (answer or question.required) and (why := _misfit(question, shaped)):
        raise GoldenPathError(f"{question.name}: “{answer}” {why}")
    return shaped


def _misfit(question: Question, answer: str) -> str:
    if not answer.isprintable():
        return "holds characters that can't be seen"
    if question.choices and answer not in question.choices:
        return f"is none of {', '.join(question.choices)}"
    if question.max_length and len(answer) > question.max_length:
        return f"is longer than {question.max_length} characters"
    if question.pattern and not re.fullmatch(question.pattern, answer):
        return f"does not fit: {question.description or question.pattern}"
    return _FORMATS[question.format](answer) if question.format in _FORMATS else ""


def _owner(answer: str) -> str:
    """`payments`, `group:payments` → `group:default/payments`, as the owner picker gives it."""
    try:
        return str(EntityRef.parse(answer, kind="group"))
    except ValueError as error:
        raise GoldenPathError(f"owner: {error}") from None


def _repository(answer: str) -> str:
    """A repository's address → `github.com?owner=acme&repo=payments`, as the repository picker gives it."""
    if _PICKED.fullmatch(answer):
        return answer
    try:
        parts = urlsplit(urls.canonical(answer))
    except RepositoryError as error:
        raise GoldenPathError(f"repoUrl: {error}") from None
    owner, _, name = parts.path.strip("/").rpartition("/")
    if not (parts.netloc and owner and name):
        raise GoldenPathError(f"repoUrl: “{answer}” is no repository's address, such as https://github.com/acme/orders")
    return f"{parts.netloc}?owner={quote(owner, safe='')}&repo={quote(name, safe='')}"


def _date(answer: str) -> str:
    try:
        date.fromisoformat(answer)
    except ValueError:
        return "is no date such as 2026-03-31"
    return ""


def _uri(answer: str) -> str:
    parts = urlsplit(answer)
    return "" if parts.scheme in ("https", "http") and parts.netloc else "is no address such as https://…"


_SHAPES = {"OwnerPicker": _owner, "RepoUrlPicker": _repository}
_FORMATS = {"date": _date, "uri": _uri}
