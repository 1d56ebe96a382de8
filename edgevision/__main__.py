"""`python -m edgevision`: the same as the command `edgevision`."""

from edgevision.cli.main import main

if __name__ == "__main__":
    main()
