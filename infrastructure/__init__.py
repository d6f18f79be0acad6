"""Adapters to PostgreSQL, mail servers, identity providers and the files of the transparency log.

Rules belong to `domain`, use cases to `application`; what wires adapters together belongs to `api`.
"""
