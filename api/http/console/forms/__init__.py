"""A form for each command of the table: its words, and its fields in the order in which people think of them.

What a command needs stands in its body (`api/http/bodies`), which checks what a form sends as it checks any other caller.
"""
