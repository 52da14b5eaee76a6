"""Where Alertmanager sends an alert, and what can be said when some of its labels are open."""

from __future__ import annotations

import pytest

from app.formats import reading
from app.formats.alertmanager_routing import Arrival, TooManyWays, ways
from app.formats.model import AlertmanagerConfig

CONFIG = """\
route:
  receiver: default
  routes:
    - matchers: [severity="page"]
      receiver: pager
      continue: true
      routes:
        - match: {team: pay}
          receiver: pay
          mute_time_intervals: [weekends]
    - match_re: {severity: page|ticket}
    - matchers: ['{team!~"a.*", env=}']
      receiver: blackhole
receivers: [{name: default}]
"""


def config(text: str = CONFIG) -> AlertmanagerConfig:
    (found,) = reading.read("alertmanager.yaml", text.encode()).objects
    assert isinstance(found, AlertmanagerConfig)
    return found


def receivers(text: str, **labels: str | None) -> set[tuple[str, ...]]:
    return {tuple(one.receiver for one in way) for way in ways(config(text), labels).reached}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"severity": "page", "team": "pay"}, ("pay", "default")),
        ({"severity": "page", "team": "x"}, ("pager", "default")),
        ({"severity": "ticket"}, ("default",)),
        ({"severity": "tickets", "team": "b"}, ("blackhole",)),
        ({"severity": "info", "team": "ab"}, ("default",)),
        ({"severity": "info", "env": "prod"}, ("default",)),
        ({}, ("blackhole",)),
    ],
)
def test_an_alert_goes_where_alertmanager_would_send_it(labels: dict[str, str], expected: tuple[str, ...]) -> None:
    assert receivers(CONFIG, **labels) == {expected}


def test_an_arrival_knows_its_route_and_when_that_is_silent() -> None:
    found = ways(config(), {"severity": "page", "team": "pay"})
    (way,) = found.reached

    assert way == (Arrival("pay", 8, intervals=("weekends",)), Arrival("default", 11))
    assert found.deciding == ()


def test_falling_through_to_the_root_is_told_unless_the_root_is_all_there_is() -> None:
    alone = "route: {receiver: all}\nreceivers: [{name: all}]\n"

    assert [way[0].default for way in ways(config(), {"severity": "info", "env": "prod"}).reached] == [True]
    assert [way[0].default for way in ways(config(alone), {"severity": "info"}).reached] == [False]


def test_an_open_label_leaves_every_way_it_can_be_told_apart() -> None:
    found = ways(config(), {"severity": "page", "team": None})

    assert {tuple(one.receiver for one in way) for way in found.reached} == {("pay", "default"), ("pager", "default")}
    assert found.deciding == ("team",)


def test_an_open_label_that_decides_nothing_leaves_one_way() -> None:
    assert receivers(CONFIG, severity="ticket", pod=None, team=None) == {("default",)}
    assert ways(config(), {"severity": "ticket", "team": None}).deciding == ()


def test_one_label_has_one_value_at_a_time() -> None:
    text = """\
route:
  receiver: default
  routes:
    - {receiver: both, matchers: [team="a", team="b"]}
    - {receiver: a, matchers: [team="a", team=~"a|b"]}
    - {receiver: other, matchers: [team!="a"]}
receivers: [{name: default}]
"""
    assert receivers(text, team=None) == {("a",), ("other",)}


def test_a_matcher_that_a_template_fills_in_may_hold_or_not() -> None:
    text = "route:\n  receiver: d\n  routes: [{receiver: x, matchers: ['env=\"{{ .Values.env }}\"']}]\nreceivers: []\n"
    (found,) = reading.read("chart/templates/alertmanager.yaml", text.encode()).objects
    assert isinstance(found, AlertmanagerConfig)

    assert {way[0].receiver for way in ways(found, {"env": "prod"}).reached} == {"d", "x"}


def test_a_resource_takes_alerts_of_its_namespace_only() -> None:
    text = """\
apiVersion: monitoring.coreos.com/v1beta1
kind: AlertmanagerConfig
metadata: {name: a%s}
spec: {route: {receiver: pager, routes: [{receiver: x, matchers: [{name: a, value: b}]}]}, receivers: []}
"""
    (reached,) = ways(config(text % ", namespace: shop"), {"namespace": "shop"}).reached

    assert reached == (Arrival("pager", 4),)
    assert receivers(text % ", namespace: shop", namespace="elsewhere") == {()}
    assert receivers(text % "", namespace="shop") == {(), ("pager",)}


def test_more_ways_than_can_be_walked_are_refused() -> None:
    routes = "".join(f'    - {{receiver: r, matchers: [l{n}=~"a.*"]}}\n' for n in range(12))
    text = f"route:\n  receiver: d\n  routes:\n{routes}receivers: []\n"

    with pytest.raises(TooManyWays):
        ways(config(text), {f"l{n}": None for n in range(12)})


def test_forty_teams_on_one_label_are_forty_ways_and_no_more() -> None:
    routes = "".join(f'    - {{receiver: team-{n}, matchers: [team="{n}"]}}\n' for n in range(40))
    text = f"route:\n  receiver: d\n  routes:\n{routes}receivers: []\n"

    assert len(ways(config(text), {"team": None}).reached) == 41


def test_a_matcher_that_cannot_be_read_matches_nothing() -> None:
    text = "route:\n  receiver: a\n  routes:\n    - receiver: b\n      matchers: [nonsense]\nreceivers: [{name: a}]\n"

    assert receivers(text, nonsense="x") == {("a",)}
