"""`python -m nnc` is the command `nnc`."""

from nnc.cli.main import main

if __name__ == "__main__":
    main()
