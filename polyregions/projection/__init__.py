"""Exact polyhedra: elimination of variables, redundancy removal, and from a pattern to its half-spaces."""
