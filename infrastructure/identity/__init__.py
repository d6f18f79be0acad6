"""Who calls: tokens of ours and of an identity provider, and the keys that sign them."""
