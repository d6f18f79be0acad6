"""Scheduled reports: what the policy may schedule, and the issue of each period."""
