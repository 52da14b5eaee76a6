"""The door to what is remembered. Built once a process, in the composition root, and passed to whoever needs it."""

from __future__ import annotations

from copy import copy

from app.store.audit import Audit
from app.store.changes import Changes
from app.store.claims import Claims
from app.store.due import Due
from app.store.engine import CONNECTIONS, Database
from app.store.entities import Entities
from app.store.feedback import FeedbackBook
from app.store.gates import Gates
from app.store.groups import Groups
from app.store.inbound import Inbound
from app.store.inventories import Inventories
from app.store.judgements import Judgements
from app.store.listing import Listing
from app.store.lookups import Lookups
from app.store.objects import Objects
from app.store.outgoing import Outgoing
from app.store.parsed import ParsedCache
from app.store.people import People
from app.store.policies import Policies
from app.store.proposed import FixRequestBook
from app.store.pushes import Pushes
from app.store.repositories import Repositories
from app.store.served import Served
from app.store.sessions import EndedSessions
from app.store.sight import EVERYTHING, Sight
from app.store.standings import Standings
from app.store.tally import Tally
from app.store.team_counts import TeamCounts
from app.store.tokens import Tokens
from app.store.waivers import Waivers
from app.store.workers import Workers


class Store:
    """One part a subject, all over one database. Safe for threads; a new process opens its own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.sight = EVERYTHING
        self.repositories = Repositories(database)
        self.claims = Claims(database)
        self.gates = Gates(database)
        self.inbound = Inbound(database)
        self.outgoing = Outgoing(database)
        self.inventories = Inventories(database)
        self.entities = Entities(database)
        self.lookups = Lookups(database)
        self.objects = Objects(database)
        self.due = Due(database)
        self.judgements = Judgements(database)
        self.changes = Changes(database)
        self.listing = Listing(database)
        self.parsed = ParsedCache(database)
        self.policies = Policies(database)
        self.tally = Tally(database)
        self.groups = Groups(database)
        self.team_counts = TeamCounts(database)
        self.standings = Standings(database)
        self.feedback = FeedbackBook(database)
        self.served = Served(database)
        self.people = People(database)
        self.pushes = Pushes(database)
        self.tokens = Tokens(database)
        self.sessions = EndedSessions(database)
        self.waivers = Waivers(database)
        self.fix_requests = FixRequestBook(database)
        self.audit = Audit(database)
        self.workers = Workers(database)

    def seen_by(self, sight: Sight) -> Store:
        """This store as a reader with this sight sees it; what has no entities in it is the same."""
        if not sight.is_limited:
            return self
        seen = copy(self)
        seen.sight = sight
        seen.repositories = Repositories(self.database, sight)
        seen.entities = Entities(self.database, sight)
        seen.due = Due(self.database, sight)
        seen.team_counts = TeamCounts(self.database, sight)
        seen.lookups = Lookups(self.database, sight)
        seen.objects = Objects(self.database, sight)
        seen.judgements = Judgements(self.database, sight)
        seen.changes = Changes(self.database, sight)
        seen.listing = Listing(self.database, sight)
        seen.tally = Tally(self.database, sight)
        seen.groups = Groups(self.database, sight)
        seen.standings = Standings(self.database, sight)
        seen.inbound = Inbound(self.database, sight)
        seen.gates = Gates(self.database, sight)
        seen.feedback = FeedbackBook(self.database, sight)
        seen.served = Served(self.database, sight)
        seen.waivers = Waivers(self.database, sight)
        seen.pushes = Pushes(self.database, sight)
        seen.fix_requests = FixRequestBook(self.database, sight)
        return seen

    @classmethod
    def open(cls, url: str, connections: int = CONNECTIONS) -> Store:
        """Opens a database whose schema is current (see `migrate.upgrade`)."""
        return cls(Database(url, connections))

    def close(self) -> None:
        self.served.close()
        self.database.close()
