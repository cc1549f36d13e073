"""Pages that several programs write, each its own section of."""

from pathlib import Path

__all__ = ["write_section"]


def write_section(page: Path, name: str, text: str) -> None:
    """Put text in the page's section of that name, which is appended if there is none; all else stays.

    A section stands between ``<!-- section: NAME -->`` and ``<!-- end: NAME -->``.
    """
    begin, end = f"<!-- section: {name} -->", f"<!-- end: {name} -->"
    section = f"{begin}\n{text.strip()}\n{end}"
    old = page.read_text() if page.exists() else f"# {page.stem.replace('_', ' ').capitalize()}\n"
    if begin in old:
        before, _, rest = old.partition(begin)
        after = rest.partition(end)[2]
        page.write_text(f"{before}{section}{after}")
    else:
        page.write_text(f"{old.rstrip()}\n\n{section}\n")
