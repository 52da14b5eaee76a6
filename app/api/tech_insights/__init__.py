"""`/api/tech-insights`: our results in the shapes of Backstage's Tech Insights backend, for its front end unmodified.

Source of the contract: `@backstage-community/plugin-tech-insights-backend` 3.1.0, and the client in `-common` 0.11.0.
`catalogue` says which checks there are, `runs` turns stored results into its check results, `facts` serves facts,
`asked` reads requests, `routes` is the door. Where we differ on purpose, docs/portal.md says so and a test names it.
"""
