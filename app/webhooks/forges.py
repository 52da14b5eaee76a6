"""Every forge whose webhooks are read, by the name in the path."""

from __future__ import annotations

from app.webhooks import bitbucket, gitea, github, gitlab
from app.webhooks.model import Forge

FORGES: dict[str, Forge] = {
    forge.id: forge
    for forge in (github.FORGE, gitlab.FORGE, gitea.GITEA, gitea.FORGEJO, bitbucket.CLOUD, bitbucket.SERVER)
}
