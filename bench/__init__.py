"""How fast the service is, always beside something outside that does the same: `python -m bench [--quick]`.

Each file of `bench/rows` registers its measures; both sides of a measure run in turn, in one process tree, on the same
text. Measures call the use cases that the workers call.
"""
