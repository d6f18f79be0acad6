"""Webhooks on their way: lanes and attempts in PostgreSQL, and the HTTP client that reaches receivers."""
