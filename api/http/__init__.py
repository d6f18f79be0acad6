"""HTTP: a router per resource, and the conventions of http.md in one place each."""
