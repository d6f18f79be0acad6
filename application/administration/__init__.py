"""SOP 4.1, 7.1: what the administrator maintains: catalogue, directory, policy, grants, keys of monitoring sources.

Here: services that change these, and the documents they read as. Not here: how a command looks them up (`execution/reference.py`).
"""
