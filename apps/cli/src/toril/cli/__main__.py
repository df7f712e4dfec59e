"""`python -m toril.cli` is the command `toril`."""

from toril.cli.main import main

main()
