"""polyregions without its proofs: what certification costs is the certified count's time over this one's.

LP cells have a switch for it. Vertex cells have none, since their error bounds are woven into the kernel: here their
kernel is compiled from a copy of its source that leaves them out. Each vertex then has radius 0, each form error 0, and
a sign is that of the float. Nothing else differs, so what remains is the same search on floats.
"""

import atexit
import importlib.util
import shutil
import sys
import tempfile
import time
from pathlib import Path

import polyregions as pr
from peers.peer import Answer

__all__ = ["count_uncertified", "without_bounds"]

_KERNEL = "polyregions.splitting.vertex_kernel"
#: What is left out of the kernel: from the first text to before the second, replaced by the third.
_CUTS = (
    # The sign of a form at a vertex.
    ("    limit = scratch.limits[layer, unit] + scratch.norms", "\n", "    limit = 0.0"),
    # The errors of forms that are summed cell by cell.
    ("    if problem.running:\n        sums", " = nodes", "    if False:\n        sums"),
    ("        if problem.running:\n", "            for j", "        if False:\n"),
    ("            scratch.norms[layer, j] = norm", "\n", ""),
    ("            nodes.sums[node, d + 1, j] = terms", "\n", ""),
    # Whether the whole cell is on one side.
    ("        radius = max(radius, nodes.radii[node, v])", "\n", ""),
    ("        limit = scratch.limits[layer, j] + scratch.norms", "\n", "        limit = 0.0"),
    # The radius of a new vertex.
    ("            radius_p, radius_q = nodes.radii", "\n", ""),
    ("            error_p = ", "\n", ""),
    ("            error_q = ", "\n", ""),
    ("                length = max(length,", "\n", ""),
    ("            room = gap", "            word = common", "            scratch.new_radii[made] = 0.0\n"),
    ("            if not scratch.new_radii[made] <=", "            made += 1", ""),
)


def without_bounds(source: str) -> str:
    """The vertex kernel's source without its error bounds.

    Raises
    ------
    ValueError
        If a part that is to be left out is not there exactly once: the kernel has changed, and so must the cuts.
    """
    for begin, end, instead in _CUTS:
        before, found, rest = source.partition(begin)
        if not found or begin in rest:
            raise ValueError(f"the vertex kernel has changed: {begin.strip()!r} is not there exactly once")
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"the vertex kernel has changed: no {end.strip()!r} after {begin.strip()!r}")
        source = before + instead + end + after
    return source


def _install() -> None:
    """Let this process's vertex cells use the kernel without bounds."""
    if _KERNEL in sys.modules:
        return
    spec = importlib.util.find_spec(_KERNEL)
    folder = Path(tempfile.mkdtemp(prefix="polyregions-uncertified-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "vertex_kernel.py"  # a file, next to which numba keeps its cache
    path.write_text(without_bounds(Path(spec.origin).read_text()))
    spec = importlib.util.spec_from_file_location(_KERNEL, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[_KERNEL] = module
    spec.loader.exec_module(module)


def count_uncertified(network: pr.Network, domain: pr.Domain, limit: float) -> Answer:
    """Count on the cells that polyregions would choose, without proofs. For a process of its own."""
    _install()
    from polyregions.exact.restriction import Restriction
    from polyregions.splitting.choice import splitting_tree
    from polyregions.splitting.tableau_cells import TableauTree

    start = time.perf_counter()
    restriction = Restriction(network, domain)
    tree = splitting_tree(restriction, pr.Definition.REGIONS)
    if isinstance(tree, TableauTree):
        start = time.perf_counter()
        tree = TableauTree(Restriction(network, domain), pr.Definition.REGIONS, certified=False)
    tree.explore(lambda: time.perf_counter() - start > limit)
    seconds = time.perf_counter() - start
    return Answer(tree.found, seconds, tree.finished, f"{tree.statistics()['cells']} cells")
