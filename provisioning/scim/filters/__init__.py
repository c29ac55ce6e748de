"""Filters of lists (RFC 7644 §3.4.2.2) as lazy conditions of querysets; no text of a client reaches SQL."""
