"""`python -m opsplug`: the command line where its script is not on the path."""

from opsplug.cli import main

if __name__ == "__main__":
    main()
