"""The facts about runbooks."""

from __future__ import annotations

from app.facts.groups_common import place, unreadable
from app.facts.schema import Fact, Field, Group

DOCUMENT = {
    "title": Field("string", "First heading, or the link's title"),
    "role": Field("string", "service (about the service as a whole), alert (about one or more alerts) or other"),
    "url": Field("string", "Address of a page outside the crawled repositories, or empty"),
    "sections": Field("items", "Headings: title, level, line, anchor, topics, words", rule=False),
    "topics": Field("strings", "Topics with something written under them, such as rollback or escalation"),
    "words": Field("int", "Words of text", "words"),
    "stub": Field("string", "Why it is only a stub, or empty"),
    "reviewed_at": Field("string", "Date of the last review as the text says (ISO 8601), or empty"),
    "review_by": Field("string", "Date the next review is due as the text says (ISO 8601), or empty"),
    "due_at": Field("timestamp", "End of that day; absent where no date is stated"),
    "changed_at": Field("string", "When the content last changed (ISO 8601), or empty", rule=False),
    "attended_at": Field("timestamp", "Last review, or where none is stated the last change of the content"),
    "attended_exact": Field("bool", "False where history ends there: the truth is older"),
    "contacts": Field("strings", "Kinds of contact in its escalation section: url, email, chat, pager, phone"),
    "ignored": Field("string", "Why it never counts, or empty"),
    **place(),
}

ROLLBACK = {
    "title": Field("string", "Heading of the section"),
    "concrete": Field("bool", "It names a command or a page, or two steps at least"),
    "ignored": Field("string", "Why it never counts, or empty"),
    **place(),
}

RUNBOOKS = Group(
    "runbooks",
    2,
    "Runbooks of the entity: its own documents and those it links.",
    {
        "documents": Fact("items", "Runbooks found, one a document.", fields=DOCUMENT),
        "rollbacks": Fact("items", "Sections on going back to the version before.", fields=ROLLBACK),
        "unreadable": unreadable("runbooks"),
    },
)
