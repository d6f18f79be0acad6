"""The documents that the interface answers with, as schemas for the OpenAPI document; a module per area.

They describe and do not serialise: `application` makes the documents. `tests/acceptance/shared/http/test_documents.py` holds
real answers against them. What callers send is in `api/http/bodies/`.
"""
