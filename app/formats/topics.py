"""What a heading is about: synonym groups seen in public runbooks.

Alert pages: kube-prometheus, OpenShift and KubeVirt (meaning, impact, diagnosis, mitigation). Service pages: AWS ORR,
Skelton Thatcher, Financial Times, PagerDuty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from app.formats.model import Section

_GROUPS = {
    "meaning": r"meaning|summary|description|what (does|is|happened)|what this alert|about this alert|explanation",
    "impact": r"impact|severity|consequence|who is affected|user impact|business impact",
    "diagnosis": (
        r"diagnos\w*|investigat\w*|troubleshoot\w*|triage|initial steps|"
        r"debug\w*|checks?|check runbook|steps|verif\w*|how to check"
    ),
    "mitigation": (
        r"mitigat\w*|resol\w*|remediat\w*|fix\w*|solution|recover\w*|steps|"
        r"action|what to do|workaround|detailed steps"
    ),
    "overview": (
        r"overview|purpose|about|introduction|service description|architecture|"
        r"primary url|what (it|this service) does|business|background"
    ),
    "dependencies": r"dependenc\w*|depends on|upstream|downstream|integrations?|external services|data flows?",
    "dashboards": r"dashboards?|monitoring|observability|logs?|logging|metrics|graphs|links",
    "health": r"health\w*|is it (up|working)|status|smoke test|verif\w*|how to check|readiness|sanity",
    "failures": (
        r"failures?|failure modes?|common (issues|problems|failures|errors)|"
        r"known (issues|problems)|alerts?|troubleshoot\w*|incidents?|problems|"
        r"first line"
    ),
    "rollback": (
        r"roll ?back|restart\w*|redeploy\w*|revert\w*|recover\w*|fail ?over|"
        r"release details|key management|deploy\w*"
    ),
    "escalation": (
        r"escalat\w*|contacts?|on-?call|support|who to (call|ask|contact)|"
        r"owners?|second line|third line|getting help"
    ),
}
_PATTERNS = {topic: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for topic, words in _GROUPS.items()}


FEWEST_WORDS = {"meaning": 4, "impact": 4, "diagnosis": 4, "mitigation": 4}
"""Words that answer an alert's question: the shortest sentences of OpenShift's runbooks that say something have four
("Storage is not available."), and those that only repeat the alert's name have three."""
FEWEST_OF_A_SERVICE = 10
"""Words of prose that answer a topic of a service. Terse answers are lists, links and commands, and need none."""


def answered(sections: Iterable[Section]) -> tuple[str, ...]:
    """Topics with something written under their heading, each once, in the order met."""
    return tuple(dict.fromkeys(topic for section in sections for topic in section.topics if _answers(section, topic)))


def _answers(section: Section, topic: str) -> bool:
    acted = section.commands or section.links or section.steps
    return bool(acted) or section.words >= FEWEST_WORDS.get(topic, FEWEST_OF_A_SERVICE)


@lru_cache(maxsize=4096)
def topics_of(heading: str) -> tuple[str, ...]:
    """Every topic a heading may stand for; most stand for none or one. Runbooks share most of their headings."""
    if len(heading) > 120:
        return ()
    return tuple(topic for topic, pattern in _PATTERNS.items() if pattern.search(heading))
