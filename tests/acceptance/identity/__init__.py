"""The desk at an identity provider that others wrote: oidc-provider, as a process of the tests."""
