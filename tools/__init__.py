"""What the project builds for itself: the pages and the site of `docs/`. Nothing that a running desk needs."""
