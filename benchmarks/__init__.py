"""Measuring speed: the product beside the ceiling of its stack, on one PostgreSQL (docs/performance.md)."""
