"""A simulated desk of any size: people, cases and mails of five years, made by the desk's own commands.

Each history is a coroutine that gives commands and waits for simulated time. The record is in memory, and hands on what is
committed. The same seed makes the same desk.
"""
