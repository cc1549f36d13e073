"""List the LP and MILP back ends: which are installed and what each can do. Licences are not checked."""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from typing import TextIO

from polyregions.commands import ExitStatus, output

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
                "remedy": info.remedy,
            }
            for info in infos
        ]
        output.write_json(out, {"solvers": entries})
        return ExitStatus.OK
    table = [["name", "installed", "version", "through", "can", "note, or how to get it"]]
    for info in infos:
        can = [ability.replace("_", " ") for ability in ABILITIES if getattr(info.capabilities, ability)]
        note = info.capabilities.note if info.installed else info.remedy
        row = [info.name, "yes" if info.installed else "no", info.version or "", info.interface, ", ".join(can), note]
        table.append(row)
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        output.write(out, "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return ExitStatus.OK
