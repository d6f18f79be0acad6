"""What monitoring systems hand in (SOP 5.1).

Each protocol is answered in its own words, and each answer names an outcome of `design.md`. What is authenticated and cannot
be read is kept, and waits in the quarantine: whoever sent it need not send it again.
"""
