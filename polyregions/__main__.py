"""``python -m polyregions`` is the command ``polyregions``."""

from polyregions.entry import main

if __name__ == "__main__":
    raise SystemExit(main())
