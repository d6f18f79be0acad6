"""The read side in PostgreSQL: the projector, its stores, the questions, rebuild and comparison with a fold from scratch.

The folds themselves are the application's (`application.views`). Rules are not here: a view may lag behind the record.
"""
