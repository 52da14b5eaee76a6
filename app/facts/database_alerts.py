"""Which of a database's five signals its alerts tell of: by metrics of exporters and clouds, then by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.facts.inventory import Found
from app.formats.infrastructure import CloudAlarm
from app.formats.model import AlertRule

SIGNALS: dict[str, re.Pattern[str]] = {
    "up": re.compile(
        r"\b(pg|mysql|redis|mongodb|cnpg_collector|patroni\w*|elasticsearch_cluster_health)_up\b|\bup\b|absent|_down\b"
        r"|database/up|is-db-alive|database_?connections_failed|serverdown|instance(down|gone)",
        re.IGNORECASE,
    ),
    "storage": re.compile(
        r"free_?(local_?)?storage|volume_stats|database_size|disk/(utilization|bytes_used)|storage_percent|disk_?(full|space)"
        r"|filesystem_(avail|free)|persistentvolume|storage_?(used|full|space)|volumefilling|tablespace|bytes_used",
        re.IGNORECASE,
    ),
    "saturation": re.compile(
        r"cpu_?(utili[sz]ation|percent|credit)|max_connections|stat_activity_count|database_?connections|threads_connected"
        r"|num_backends|active_connections|connections?_(usage|used|percent|active)|cpu/utilization|toomanyconnections"
        r"|freeable_?memory|throttl|consumed(read|write)",
        re.IGNORECASE,
    ),
    "replication": re.compile(
        r"replica(tion)?_?lag|replication_?(delay|slot|lag|status)|seconds_behind|behind_master|wal_receiver|replica_byte_lag"
        r"|replicalag|slave_(lag|status)|standby|replicationlatency",
        re.IGNORECASE,
    ),
    "backup": re.compile(
        r"backup|archiv(e|er|ing)|wal_?(archive|g)|last_available|barman|pgbackrest|snapshot", re.IGNORECASE
    ),
}
"""Signal → what a metric, a filter or an alert's name looks like that tells of it.

Sources: postgres_exporter, mysqld_exporter, CloudNativePG's metrics, CloudWatch, Cloud SQL and Azure metric lists.
"""


def told(alerts: Iterable[Found]) -> dict[str, Found]:
    """Signal → the first alert that tells of it."""
    found: dict[str, Found] = {}
    for alert in alerts:
        if alert.ignored:
            continue
        text = _words(alert.object)
        for signal, words in SIGNALS.items():
            if signal not in found and words.search(text):
                found[signal] = alert
    return found


def _words(thing: object) -> str:
    if isinstance(thing, AlertRule):
        absent = "absent" if thing.covers_absence else ""
        return " ".join((thing.name, absent, *thing.metrics))
    return " ".join((thing.name, *thing.metrics)) if isinstance(thing, CloudAlarm) else ""
