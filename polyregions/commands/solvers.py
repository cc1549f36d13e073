"""List the LP and MILP back ends: what the installed ones can do, how to get the others. Licences are not checked."""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from typing import TextIO

from polyregions.commands import ExitStatus, options, output

HELP = "list the LP and MILP back ends"

ABILITIES = ("lp", "milp", "pool", "lazy_cuts", "dual_ray", "warm_start", "indicator", "reads_files")


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    from solvers import available

    infos = available()
    if arguments.json:
        entries = [
            {
                **asdict(info.capabilities),
                "installed": info.installed,
                "interface": info.interface,
                "remedy": options.unique_remedies(info.remedy),
            }
            for info in infos
        ]
        output.write_json(out, {"solvers": entries})
        return ExitStatus.OK
    table = [["installed", "version", "through", "can", "note"]]
    for info in filter(lambda info: info.installed, infos):
        can = [ability.replace("_", " ") for ability in ABILITIES if getattr(info.capabilities, ability)]
        table.append([info.name, info.version or "", info.interface, ", ".join(can), info.capabilities.note])
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        output.write(out, "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    missing = [info for info in infos if not info.installed]
    width = max((len(info.name) for info in missing), default=0)
    if missing:
        output.write(out, "\nnot installed, and how to get them:")
    for info in missing:
        output.write(out, f"  {info.name.ljust(width)}  {options.unique_remedies(info.remedy)}")
    return ExitStatus.OK
