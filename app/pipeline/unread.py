"""A repository of which nothing can be read: it still stands for something, and its facts are unknown, not absent.

A refresh saves it so; `check` of a clone that nothing was pushed to says the same.
"""

from __future__ import annotations

from app.catalog.provisional import provisional_entity
from app.facts.inventory import Inventory, take
from app.facts.unseen import UnreadablePlace
from app.repos.model import NOTHING_PUSHED, Snapshot
from app.repos.worktree import WorkingTree

GROUPS = ("alerting", "runbooks", "slo", "codeowners", "error_budget", "workloads", "database", "cluster", "api")
"""Of facts that files tell."""


def taken(snapshot: Snapshot) -> Inventory:
    """All that a snapshot says; of a clone without a commit or a file, that nothing can be seen. As `take`, else."""
    if isinstance(snapshot, WorkingTree) and snapshot.has_git and snapshot.is_unborn and not snapshot.entries():
        return unread(snapshot.url, snapshot.branch, NOTHING_PUSHED)
    return take(snapshot)


def unread(url: str, branch: str, reason: str) -> Inventory:
    """An inventory that holds nothing but a made-up component, and why no more is known of it."""
    places = tuple(UnreadablePlace(group, url, "", "", 0, reason) for group in GROUPS)
    return Inventory(url, "", branch, entities=(provisional_entity(url, frozenset()),), unreadable=places)
