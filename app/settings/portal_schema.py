"""The schema of what a portal needs: the Tech Insights backend whose checks are merged with ours."""

from __future__ import annotations

from marshmallow import fields

from app.settings.parts import Base, DurationField, SecretSchema
from app.settings.portal import TechInsights, TechInsightsUpstream


class TechInsightsUpstreamSchema(Base):
    into = TechInsightsUpstream
    url = fields.Url(
        required=True, require_tld=False, metadata={"description": "Its base URL: https://…/api/tech-insights."}
    )
    token = fields.Nested(SecretSchema, metadata={"description": "Bearer token, by variable or file."})
    timeout = DurationField(metadata={"description": "How long one question to it may take."})


class TechInsightsSchema(Base):
    into = TechInsights
    upstream = fields.Nested(
        TechInsightsUpstreamSchema,
        metadata={"description": "Another Tech Insights backend whose checks and facts are merged with ours."},
    )
