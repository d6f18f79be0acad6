"""Authentication: access tokens of our own and of an identity provider, signed links, and the keys behind them.

What a role may do is decided in `domain.access`.
"""
