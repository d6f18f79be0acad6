"""Pages for people: HTML from the templates beside, escaped, without script."""
