"""Monitoring intake: one module per protocol, one common form, one path into the desk."""
