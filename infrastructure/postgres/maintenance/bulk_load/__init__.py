"""The offline path into an empty store: a simulated desk, made by several processes, merged by time and copied in."""
