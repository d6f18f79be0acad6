"""How the OpenAPI document is made: from the routes, their docstrings, and what each route adds to its decorator.

`operations` has the parts that a route puts together, `document` makes the whole. What follows from a part is added there
and not in each route: a cursor can be invalid, a body malformed, a key reused. The schemas of what callers send are in
`api/http/bodies/`, those of what they are answered in `api/http/documents/`.
"""
