"""The facts about databases, as infrastructure as code declares them."""

from __future__ import annotations

from app.facts.groups_common import place, unreadable
from app.facts.schema import Fact, Field, Group

INSTANCE = {
    "name": Field("string", "Name of the database"),
    "format": Field("string", "aws_db_instance, google_sql_database_instance, cloudnative-pg, …"),
    "address": Field("string", "Address of the resource, or kind and name of the object"),
    "environment": Field("string", "Folder, variables file or overlay it is declared for"),
    "engine": Field("string", "postgres, mysql, dynamodb, …, or empty"),
    "version": Field("string", "Version of the engine as written, or empty"),
    "supported_until": Field("timestamp", "End of that version's support; absent where it can't be told"),
    "replica": Field("bool", "It only copies another database"),
    "backup_days": Field("int", "Days (Cloud SQL: copies) that automated backups are kept; 0: none are made", "days"),
    "backup_problem": Field("string", "Why a backup that is declared is none, or empty"),
    "point_in_time": Field("bool", "It can be restored to any moment"),
    "high_availability": Field("bool", "It survives the loss of a zone"),
    "instances": Field("int", "Copies that run", "instances"),
    "deletion_protected": Field("bool", "Deleting it takes more than one mistake"),
    "public": Field("bool", "It has an address on the internet"),
    "encryption": Field("string", "yes or no; absent where a storage class decides"),
    "storage_class": Field("string", "Storage class of an operator's database, or empty"),
    "maintenance_window": Field("bool", "When it may be maintained is agreed"),
    "minor_upgrades": Field("bool", "Minor versions are upgraded by themselves"),
    "ignored": Field("string", "Why it never counts, or empty"),
    **place(),
}

DATABASE = Group(
    "database",
    1,
    "The database that the entity is, and the alerts that guard it.",
    {
        "instances": Fact("items", "Databases that are declared as the entity.", fields=INSTANCE),
        "signals": Fact(
            "items",
            "What alerts must tell of, one an item: up, storage, saturation, replication, backup.",
            fields={
                "name": Field("string", "The signal"),
                "covered": Field("bool", "An alert of the database, or of what depends on it alone, tells of it"),
                "alert": Field("string", "Name of one such alert, or empty"),
                "ignored": Field("string", "Always empty: ignored alerts tell of nothing"),
                **place(),
            },
        ),
        "restore_tests": Fact(
            "items",
            "Restores on record.",
            fields={
                "key": Field("string", "Annotation or key of the document that dates it"),
                "tested_at": Field("timestamp", "When it was restored"),
                **place(),
            },
        ),
        "unreadable": unreadable("databases"),
    },
)
