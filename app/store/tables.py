"""The tables. What each row means is said here; `migrations/` makes them, and a test holds the two equal.

A repository's identity is its canonical URL. Bodies are JSON text or zlib bytes, never queried inside;
they stand last in their rows, so that SQLite reads the columns before them without walking a long row's overflow pages.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, LargeBinary, Table, Text

from app.store import team_tables as team_tables  # so that `metadata` knows them
from app.store.columns import BIG, count, flag, metadata, only, repository, text
from app.store.types import Instant, Json, Name

repositories = Table(
    "repositories",
    metadata,
    text("url", primary_key=True),
    text("forge_id"),
    text("host"),
    text("branch"),
    text("remote"),  # the address it is fetched from, where that is not its URL: over ssh
    Column("branch_resolved_at", Instant),
    text("tip"),
    text("read_version"),  # of the readers that read the tip: what others read is read again
    Column("due_at", Instant, nullable=False),
    Column("hinted_at", Instant),
    count("hints"),  # grows with every hint: a claim that saw fewer leaves the row due
    count("hints_done"),  # as many as the last refresh had seen
    flag("interactive"),
    Column("lease_owner", Text),
    Column("lease_until", Instant),
    count("generation"),  # grows with every claim: the fence of all saves
    count("deaths"),  # claims in a row that ended with their worker, not by it
    count("failures"),
    text("last_error"),
    text("last_error_reason"),
    text("parked_reason"),
    Column("checked_at", Instant),  # when the tip was last looked at
    Column("read_at", Instant),  # when the tip was last read into rows
    Column("orphaned_at", Instant),
    Column("paths", LargeBinary),  # zlib JSON {path: short blob id}
    Column("skipped", Json, nullable=False, default=list),
    Index("repositories_due", "interactive", "due_at", "url"),
    Index("repositories_health", "orphaned_at", "failures", "checked_at"),
    Index("repositories_forge_id", "forge_id"),
)

listings = Table(  # which provider told of which repository
    "listings",
    metadata,
    text("provider", primary_key=True),
    repository(primary_key=True),
    text("branch"),
    text("remote"),
    flag("leaving"),  # no longer listed: it stands in until it has been read under its new URL
    Index("listings_repository", "repository"),
)

providers = Table(
    "providers",
    metadata,
    text("name", primary_key=True),
    Column("listed_at", Instant),
    Column("failed_at", Instant),
    text("error"),
)

declarations = Table(  # every place that tells of an entity; `entities` holds the one that counts
    "declarations",
    metadata,
    text("origin", primary_key=True),  # a repository's URL, or `provider:<name>`
    text("ref", primary_key=True),
    count("rank"),  # lower counts first: told by a catalog, found in a repository, provisional
    Column("declared_at", Instant, nullable=False),
    flag("live"),  # false while its repository is orphaned
    text("digest"),
    Column("body", Json, nullable=False),
    Index("declarations_ref", "ref"),
)

entities = Table(
    "entities",
    metadata,
    text("ref", primary_key=True),
    text("kind"),
    text("namespace"),
    text("name"),
    text("title"),
    text("type"),
    text("lifecycle"),
    text("tier"),  # as policy decided at the last judging
    text("owner"),
    text("system"),
    text("origin"),
    text("repository"),
    text("path"),
    count("line"),
    text("root"),
    flag("provisional"),
    text("etag"),
    text("digest"),
    Column("orphaned_at", Instant),
    Column("judge_due_at", Instant),
    count("why_due"),  # bits of `model.Why`
    count("generation"),  # grows with every change of what it depends on, and with every claim
    count("judged_generation"),
    Column("judged_at", Instant),
    Column("judge_lease_until", Instant),
    count("judge_failures"),
    text("judge_error"),
    Column("body", Json, nullable=False),
    Index("entities_judge_due", "judge_due_at", "ref"),
    Index("entities_judge_pushed", "judge_due_at", "ref", **only("(why_due & 1) <> 0")),  # `Why.CODE`
    Index("entities_living", "orphaned_at", "ref"),
    Index("entities_owner", "owner"),
    Index("entities_types", "kind", "orphaned_at", "type"),
    Index("entities_system", "system"),
    Index("entities_name", "name"),
    Index("entities_repository", "repository"),
)

relations = Table(
    "relations",
    metadata,
    Column("source", Name, ForeignKey("entities.ref", ondelete="CASCADE"), primary_key=True),
    text("type", primary_key=True),
    text("target", primary_key=True),
    count("line"),
    Index("relations_target", "target", "type"),
)

problems = Table(
    "problems",
    metadata,
    Column("id", BIG, primary_key=True),
    repository(),
    text("path"),
    count("line"),
    text("code"),
    text("message"),
    text("entity"),
    Index("problems_repository", "repository"),
)

objects = Table(
    "objects",
    metadata,
    Column("id", BIG, primary_key=True),
    repository(),
    text("path"),
    count("line"),
    text("kind"),
    text("digest"),
    text("ignored"),
    Column("changed_at", Instant),
    flag("changed_exact"),
    flag("attributed"),
    text("why"),  # why it is whose it is, or nobody's
    Column("body", Json, nullable=False),
    Index("objects_repository", "repository"),
    Index("objects_attributed", "attributed", "ignored"),
)

object_entities = Table(
    "object_entities",
    metadata,
    Column("object_id", BIG, ForeignKey("objects.id", ondelete="CASCADE"), primary_key=True),
    text("ref", primary_key=True),
    Index("object_entities_ref", "ref"),
)

unreadable = Table(  # one row an entity concerned; `ref` "" when it is nobody's
    "unreadable",
    metadata,
    Column("id", BIG, primary_key=True),
    repository(),
    text("path"),
    count("line"),
    text("group"),
    text("reason"),
    text("ignored"),
    text("ref"),
    Index("unreadable_repository", "repository"),
    Index("unreadable_ref", "ref"),
)

parsed = Table(
    "parsed",
    metadata,
    text("blob", primary_key=True),
    text("kind", primary_key=True),
    text("version", primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("used_at", Instant, nullable=False),
    Index("parsed_used", "used_at"),
)

fact_sets = Table(
    "fact_sets",
    metadata,
    text("entity", primary_key=True),
    text("retriever", primary_key=True),
    text("digest"),
    Column("collected_at", Instant, nullable=False),
    Column("expires_at", Instant),
    text("error"),
    Column("body", LargeBinary, nullable=False),  # zlib JSON, see codec
)

reads = Table(  # the reverse index of invalidation: who looked at what, whether it was there or not
    "reads",
    metadata,
    text("entity", primary_key=True),
    text("repository", primary_key=True),
    text("path", primary_key=True),
    Index("reads_place", "repository", "path"),
)

results = Table(
    "results",
    metadata,
    text("entity", primary_key=True),
    text("scorecard", primary_key=True),
    text("level"),
    count("level_rank"),
    text("level_possible"),
    text("raw_level"),
    text("target_level"),
    Column("meets_target", Boolean),
    Column("score", Float),
    Column("coverage", Float),
    Column("valid_until", Instant),
    Column("as_of", Instant),
    text("commit"),
    text("policy_version"),
    text("digest"),
    text("etag"),
    Column("body", LargeBinary, nullable=False),  # as served
    # Lists and distributions are answered from this alone, without touching the wide rows.
    Index("results_standing", "entity", "scorecard", "level_rank", "score", "level", "meets_target"),
    Index("results_order", "scorecard", "level_rank", "entity"),  # a scorecard's entities, lowest first
)

outcomes = Table(
    "outcomes",
    metadata,
    text("entity", primary_key=True),
    text("scorecard", primary_key=True),
    text("check", primary_key=True),
    text("outcome"),
    Column("since", Instant, nullable=False),
    Index("outcomes_check", "scorecard", "check", "outcome"),
)

history = Table(
    "history",
    metadata,
    Column("id", BIG, primary_key=True),
    text("entity"),
    text("scorecard"),
    Column("at", Instant, nullable=False),
    text("level"),
    Column("score", Float),
    Column("coverage", Float),
    text("reason"),
    Index("history_entity", "entity", "scorecard", "at"),
)

changes = Table(
    "changes",
    metadata,
    Column("cursor", BIG, primary_key=True, autoincrement=False),  # from `counters`: commits in its order
    Column("at", Instant, nullable=False),
    text("entity"),
    text("scorecard"),
    text("what"),
    text("before"),
    text("after"),
    text("reason"),
    Column("detail", Json, nullable=False, default=dict),
    Index("changes_entity", "entity", "cursor"),
    # What moved is answered from this alone.
    Index("changes_levels", "scorecard", "at", "reason", "entity", "before", "after", **only("what = 'level'")),
)

policies = Table(
    "policies",
    metadata,
    text("version", primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("loaded_at", Instant, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    text("name", primary_key=True),
    Column("value", BIG, nullable=False),
)
