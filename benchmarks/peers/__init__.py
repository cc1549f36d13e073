"""Other programs that count regions, each behind the same small interface (:mod:`peers.peer`), one module each.

``peers.registry`` lists them, ``peers.cases`` the networks, and ``python -m peers.run`` runs one on the other, in a
process of its own. ``benchmarks/run_peers.py`` runs them all.
"""
