"""Kubernetes manifests: read one by one, put together (kustomize, Helm values), and made into workloads."""
