"""Alarms of a cloud's own monitoring, as Terraform declares them: CloudWatch, Google Cloud and Azure Monitor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.formats.infrastructure import CloudAlarm
from app.formats.terraform.folders import Applied
from app.formats.terraform.settings import Settings

_NAMES = {
    "aws_cloudwatch_metric_alarm": ("alarm_name", ("namespace", "metric_name"), "alarm_actions"),
    "google_monitoring_alert_policy": (
        "display_name",
        ("conditions.condition_threshold.filter",),
        "notification_channels",
    ),
    "azurerm_monitor_metric_alert": (
        "name",
        ("criteria.metric_namespace", "criteria.metric_name"),
        "action.action_group_id",
    ),
}
"""Resource type → where its name, its metrics and whom it tells stand."""


def alarms(resources: Mapping[str, Sequence[Applied]]) -> Iterable[tuple[str, CloudAlarm]]:
    """(path, alarm) of everything that is one."""
    for kind, (name, metrics, actions) in _NAMES.items():
        for applied in resources.get(kind, ()):
            settings = Settings(applied)
            asked = [settings.get(path) for path in metrics]
            yield (
                applied.path,
                CloudAlarm(
                    line=applied.line,
                    format=kind,
                    name=settings.text("name", name) or str(applied.block["name"]),
                    metrics=tuple(text[:300].lower() for text in asked if isinstance(text, str)),
                    actions=_told(settings.get(actions)),
                    labels=settings.labels("tags", "user_labels"),
                ),
            )


def _told(actions: Any) -> bool:
    """Anything but nothing: whom a reference stands for is not known here."""
    return actions is not None and actions != []
