"""The documentation site: Sphinx's configuration, and the extensions that are ours (decision 24)."""
