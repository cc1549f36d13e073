"""Check a certificate against a network, in integers and without the engine that wrote it.

Exit status 1 means that the certificate does not prove its claim; the reason is part of the result.
"""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from polyregions.commands import CommandError, ExitStatus, options, output

if TYPE_CHECKING:
    from polyregions.certificate.checker import Verification

HELP = "check a certificate"

#: Characters of a domain that are printed; --json has it whole.
SHOWN = 200


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("certificate", metavar="CERT", help="file written by `polyregions count --certificate`")
    parser.add_argument("network", metavar="NET", help="the network's file")
    parser.add_argument(
        "--include-output", action="store_true", help="treat the output layer as one more layer of ReLUs"
    )
    options.add_output(parser)


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    from polyregions.certificate.checker import verify
    from polyregions.certificate.network_file import NetworkFileError

    try:
        result = verify(arguments.certificate, *read_layers(arguments))
    except NetworkFileError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{arguments.certificate}: {error.strerror or error}") from None
    if arguments.json:
        output.write_json(out, asdict(result))
    else:
        output.write(out, "\n".join(lines(result)))
    return ExitStatus.OK if result.valid else ExitStatus.CLAIM_FAILED


def read_layers(arguments: Namespace) -> tuple[Any, bool]:
    """The network's layers, and whether its output is counted; .npz files are read by the checker itself."""
    from polyregions.certificate.network_file import read_npz

    if Path(arguments.network).suffix.lower() == ".npz":
        return read_npz(arguments.network), arguments.include_output
    from polyregions.certificate.verification import plain_layers

    network = options.read_network(arguments)
    return plain_layers(network), network.include_output


def lines(result: "Verification") -> list[str]:
    """A verification for people."""
    if not result.valid:
        return [
            f"REJECTED: {result.reason}",
            f"  before that, {result.leaves:,} regions are proven" if result.leaves else "  nothing is proven",
        ]
    network: dict[str, Any] = result.network or {}
    domain = str(result.domain)
    widths = "-".join(str(n) for n in (network["inputs"], *network["widths"]))
    name = {"regions": "region", "patterns": "activation pattern"}[str(result.definition)]
    return [
        f"valid: {'at least ' * (result.scope == 'lower')}{result.count:,} {name}{'s' * (result.count != 1)}",
        f"  network     ReLU layers {widths}, sha256 {network['sha256'][:12]}",
        f"  domain      {domain if len(domain) <= SHOWN else domain[:SHOWN] + ' ...'}",
        f"  checked     {result.leaves:,} witnesses and {result.proofs:,} proofs in {result.seconds:.2f} s",
    ]
