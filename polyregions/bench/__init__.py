"""A benchmark of LP and MILP solvers on the problems that counting regions poses.

``recipes`` says which networks are drawn; ``record`` and ``programs`` make instances of them, with certified answers;
``index`` keeps these in a folder of MPS files; ``worker`` runs a solver in a process of its own, ``run`` all of
them; ``judge`` compares answers with the certified ones; ``profiles`` and ``report`` sum up.
"""
