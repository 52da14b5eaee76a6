"""Bare partial mirrors: one folder a repository, one branch, one year of history, blobs only when wanted."""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from app.errors import RepositoryError
from app.repos import layout, revisions, urls
from app.repos.cloning import clone
from app.repos.failures import GitFailure
from app.repos.git import Git
from app.repos.model import NOTHING_PUSHED, Tip
from app.repos.snapshot import PARTIAL, CommitSnapshot
from app.repos.tree import Limits

_USUAL = ("main", "master", "trunk", "develop", "default")
_QUIET = ("--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--no-auto-gc", "--force")
_MOST_PACKS = 100


class Mirror:
    """One repository's mirror under `root`. Safe against a second process: a lock file guards what writes."""

    def __init__(
        self, root: Path, url: str, *, git: Git, rules: urls.TransportRules, limits: Limits | None = None
    ) -> None:
        """`url` in any form: it says how to fetch; `self.url` is the repository's one name."""
        self.url, wanted = urls.canonical(url), urls.fetchable(url)
        urls.check_allowed(wanted, rules)
        self.git, self.limits = git, limits or Limits()
        digest = hashlib.sha256(self.url.encode()).hexdigest()[:16]
        self.folder = root / f"{re.sub(r'[^A-Za-z0-9.-]', '-', urls.name_of(self.url))[:60]}-{digest}.git"
        redirects = "false" if rules.hosts else "initial"  # a redirect must not lead past the allow-list
        self._options = ("-c", f"http.followRedirects={redirects}", "-c", "core.fsync=none")
        known = layout.remote_of(self.folder)
        self.remote = known if known in (wanted, f"{wanted}.git") else wanted

    def tip(self, branch: str = "") -> Tip:
        """The tip of `branch` when it is still there, else of the default branch. Raises RepositoryError.

        Asking for one branch costs one line; HEAD is only asked when no branch is known or it vanished.
        """
        if branch:
            found = self._heads(f"refs/heads/{branch}")
            if branch in found:
                return Tip(branch, found[branch])
        return self._default()

    def at(self, revision: str) -> Tip:
        """What a branch, a tag or a commit id names. Raises RepositoryError."""
        return revisions.resolve(revision, lambda *patterns: self._ask(*patterns))

    def first(self, now: datetime, branch: str = "") -> CommitSnapshot | None:
        """A snapshot of the default branch of a repository that was never read, over one connection.

        `branch`: its name, where whoever listed the repository told it; a fetch of it costs a fifth less than a clone,
        which asks for it. None where a mirror is here already or that is not enough: then ask for the `tip` and `sync`.
        """
        with self._locked():
            if self.folder.exists():
                return None
            if revisions.is_name(branch):
                return self._first_of(branch, now)
            found = clone(
                self.git,
                self.folder,
                self.remote,
                before=self._options,
                since=self._since(now),
                file_cap=2 * self.limits.total_size,
            )
        return self.snapshot(Tip(*found)) if found else None

    def _first_of(self, branch: str, now: datetime) -> CommitSnapshot | None:
        layout.create(self.folder, self.remote)
        try:
            self._fetch_into(f"refs/heads/{branch}", layout.TIP, now)
        except RepositoryError as error:
            shutil.rmtree(self.folder)
            if isinstance(error, GitFailure):
                return None
            raise
        return self.snapshot(Tip(branch, layout.fetched(self.folder)))

    def sync(self, tip: Tip, now: datetime) -> CommitSnapshot:
        """Brings the tip here and gives a snapshot of it. A broken mirror is thrown away and fetched once more."""
        with self._locked():
            if self._worn_out():
                shutil.rmtree(self.folder)
            if not self.folder.exists():
                layout.create(self.folder, self.remote, sha256=len(tip.commit) == 64)
            elif layout.remote_of(self.folder) != self.remote:
                layout.point(self.folder, self.remote, sha256=len(tip.commit) == 64)
            try:
                self._fetch(tip, now)
            except RepositoryError as error:
                if error.reason != "unreadable":
                    raise
                shutil.rmtree(self.folder)
                layout.create(self.folder, self.remote, sha256=len(tip.commit) == 64)
                self._fetch(tip, now)
            here = tip.commit if tip.fetch else layout.fetched(self.folder) or tip.commit
            return self.snapshot(Tip(tip.branch, here, tip.odd))

    def newest(self, known: Tip, now: datetime) -> CommitSnapshot | None:
        """A snapshot of where a branch stands now, over one connection: for one that is likely to have moved.

        `known`: as it was last read. None where that is not enough (no mirror of it here, the branch or the repository
        gone, something broken): then ask for the `tip` and `sync`. Raises RepositoryError where that would not help.
        """
        with self._locked():
            if self._worn_out() or layout.fetched(self.folder) != known.commit:
                return None
            if layout.remote_of(self.folder) != self.remote:
                return None
            try:
                self._fetch_into(f"refs/heads/{known.branch}", layout.TIP, now)
            except GitFailure as error:
                if error.permanent or error.lost_branch or error.reason != "source_failing":
                    return None
                raise
            return self.snapshot(Tip(known.branch, layout.fetched(self.folder)))

    def held(self, tip: Tip) -> CommitSnapshot | None:
        """A snapshot of a tip that is here already, without asking anyone; None where it is not."""
        return self.snapshot(tip) if layout.fetched(self.folder) == tip.commit else None

    def change(self, ref: str, branch: str, now: datetime) -> tuple[CommitSnapshot, CommitSnapshot]:
        """A proposed change: the commit where it left `branch`, and its head at `ref` (`refs/pull/7/head`).

        The mirror's own tip is not moved. Where no common commit is in sight, the branch's tip stands for it.
        Raises RepositoryError.
        """
        self.sync(self.tip(branch), now)
        with self._locked():
            head = self._listed_commit(ref)
            self._fetch_into(ref, layout.CHANGE, now)
            base = self._common(layout.fetched(self.folder), head)
        return self.snapshot(Tip(branch, base)), self.snapshot(Tip(branch, head))

    def _listed_commit(self, ref: str) -> str:
        lines = (line.split("\t", 1) for line in self._ask(ref).splitlines() if "\t" in line)
        commit = next((commit for commit, name in lines if name == ref), "")
        if not commit:
            raise RepositoryError(f"has no {ref}", reason="source_failing", permanent=True)
        return commit

    def _common(self, tip: str, head: str) -> str:
        try:
            out = self.git.run(["merge-base", "--end-of-options", tip, head], folder=self.folder)
        except RepositoryError:
            return tip
        return out.decode("ascii", "replace").strip() or tip

    def snapshot(self, tip: Tip) -> CommitSnapshot:
        return CommitSnapshot(
            self.git,
            self.folder,
            url=self.url,
            remote=self.remote,
            commit=tip.commit,
            branch=tip.branch,
            limits=self.limits,
            options=self._options,
        )

    def _ask(self, *patterns: str, options: Sequence[str] = ()) -> str:
        """`ls-remote`, trying the URL with `.git` once where a server insists on it."""
        try:
            return self._listed(self.remote, options, patterns)
        except RepositoryError as error:
            if not error.permanent or self.remote.endswith(".git") or self.remote.startswith("file:"):
                raise
            try:
                listed = self._listed(f"{self.remote}.git", options, patterns)
            except RepositoryError:
                raise error from None
        self.remote += ".git"
        return listed

    def _listed(self, remote: str, options: Sequence[str], patterns: Sequence[str]) -> str:
        out = self.git.run([*self._options, "ls-remote", *options, "--", remote, *patterns], url=remote)
        return out.decode("utf-8", "surrogateescape")

    def _heads(self, pattern: str) -> dict[str, str]:
        lines = (line.split("\t", 1) for line in self._ask(pattern, options=("--heads",)).splitlines() if "\t" in line)
        return {ref.removeprefix("refs/heads/"): commit for commit, ref in lines}

    def _default(self) -> Tip:
        lines = self._ask("HEAD", options=("--symref",)).splitlines()
        symref = next((line[5:].split("\t")[0] for line in lines if line.startswith("ref: ")), "")
        commit = next(
            (line.split("\t")[0] for line in lines if line.endswith("\tHEAD") and not line.startswith("ref:")), ""
        )
        branch = symref.removeprefix("refs/heads/")
        if branch and commit:
            return Tip(branch, commit)
        heads = self._heads("refs/heads/*")
        if not heads:
            raise RepositoryError(NOTHING_PUSHED, reason="unreadable")
        odd = f"HEAD points at {branch}, which does not exist" if branch else "HEAD names no branch"
        choice = next((name for name in _USUAL if name in heads), sorted(heads)[0])
        return Tip(choice, heads[choice], odd)

    def _worn_out(self) -> bool:
        """A mirror is never repacked: git would drop what a partial clone lacks. Fetching it anew is cheap and sure.

        One whose configuration names a promisor would fetch absent blobs one by one.
        """
        try:
            packs = sum(1 for name in (self.folder / "objects" / "pack").iterdir() if name.suffix == ".pack")
            return packs > _MOST_PACKS or "promisor" in (self.folder / "config").read_text("utf-8", "replace")
        except OSError:
            return self.folder.exists()

    def _fetch(self, tip: Tip, now: datetime) -> None:
        if layout.fetched(self.folder) != tip.commit:
            self._fetch_into(tip.fetch or f"refs/heads/{tip.branch}", layout.TIP, now)

    def _fetch_into(self, ref: str, own: str, now: datetime) -> None:
        refspec = f"+{ref}:{own}\n".encode(errors="surrogateescape")
        base = [*PARTIAL, "fetch", *_QUIET, "--filter=blob:none"]
        attempts = (
            [*base, f"--shallow-since={self._since(now)}", "--stdin", "origin"],
            [*base, "--depth=1", "--stdin", "origin"],
            ["fetch", *_QUIET, "--stdin", "origin"],
        )
        for attempt in attempts[:-1]:
            try:
                self._bring(attempt, refspec)
                return
            except GitFailure as error:
                if not error.may_try_plainer:
                    raise
        self._bring(attempts[-1], refspec)

    def _since(self, now: datetime) -> str:
        return f"{now - self.limits.history:%Y-%m-%dT%H:%M:%SZ}"

    def _bring(self, arguments: Sequence[str], refspec: bytes) -> None:
        cap = 2 * self.limits.total_size
        command = [*self._options, *arguments]
        self.git.run(command, folder=self.folder, stdin=refspec, url=self.remote, file_cap=cap)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with (self.folder.parent / f"{self.folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
