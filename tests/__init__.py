"""Tests of polyregions and of its solvers."""
