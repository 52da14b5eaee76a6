"""Contracts of HTTP APIs and the gateways before them: OpenAPI, Swagger, Tyk, Kong, Istio, ingress."""
