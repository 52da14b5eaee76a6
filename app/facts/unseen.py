"""What of a repository is there but could not be read: present, never absent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.formats import ignoring
from app.formats.loading import UNREADABLE
from app.formats.model import Finding
from app.formats.unread import likely_groups
from app.repos.model import Skipped, Snapshot

_MOST_LOST = 1000
"""Files left unread that are told one by one."""


@dataclass(frozen=True, slots=True)
class UnreadablePlace:
    """Something of a fact group is here, but can't be read."""

    group: str
    repository: str
    commit: str
    path: str
    line: int
    reason: str
    ignored: str = ""


def of_broken(snapshot: Snapshot, path: str, findings: Iterable[Finding]) -> Iterable[UnreadablePlace]:
    """A file that can't be parsed and whose text does not say what it is: then its path may."""
    for finding in findings:
        if finding.message.startswith(UNREADABLE):
            why = ignoring.reason(path)
            for group in likely_groups(path):
                if group != "catalog":  # its reader tells of its own
                    place = (path, finding.line, finding.message, why)
                    yield UnreadablePlace(group, snapshot.url, snapshot.commit, *place)


def left_unread(snapshot: Snapshot, skipped: Iterable[Skipped]) -> Iterable[UnreadablePlace]:
    """Files that were not read at all and whose path says what they hold: present, never absent."""
    lost = [one for one in skipped if not one.elsewhere]
    for one in lost[:_MOST_LOST]:
        for group in likely_groups(one.path):
            why = ignoring.reason(one.path)
            yield UnreadablePlace(group, snapshot.url, snapshot.commit, one.path, 1, one.reason, why)
