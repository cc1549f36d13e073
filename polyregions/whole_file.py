"""Writing a file at once: it has its name when it is whole, and an existing one stays until then."""

import os
import secrets
from pathlib import Path

__all__ = ["regular_file", "write_whole"]


def regular_file(path: str | os.PathLike[str]) -> Path:
    """Where a path leads, if there is a regular file or nothing.

    Raises
    ------
    FileExistsError
        If something else is there.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise FileExistsError(0, "exists and is not a regular file", str(path))
    return target


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Write the file, replacing an existing one.

    Raises
    ------
    OSError
        Nothing is left behind then, or after an interrupt.
    """
    target = regular_file(path)
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with open(part, "xb") as file:
            file.write(data)
        os.replace(part, target)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            # The user knows the file by its own name.
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
