"""Programs that others wrote read our OpenAPI document, and find it true."""
