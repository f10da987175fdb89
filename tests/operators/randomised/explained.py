"""Mismatches of the randomised run that aren't the converter's.

Each entry: a regular expression of the row, one of the problem, the format (None: both), and the reason. A row whose every problem is
named here counts as explained."""
EXPLAINED = []
