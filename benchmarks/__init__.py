"""Comparisons with other ways to solve the same location problems; not part of the distribution."""
