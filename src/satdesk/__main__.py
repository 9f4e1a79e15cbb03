"""``python -m satdesk`` is the command line."""

from __future__ import annotations

from satdesk.cli import main

if __name__ == "__main__":
    main()
