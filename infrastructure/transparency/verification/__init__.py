"""`caseledger verify`: every check of audit.md, by name, at one snapshot of the database.

record     rows = leaves = tiles = every checkpoint ever signed; the sealer's file and copies held outside are prefixes
streams    versions without gaps, numbers as given
vault      what was said is what the events point to; what is gone was erased
whole      all of it, with views against a replay and the catalogue
"""
