"""`python -m iris_model.cli`: the command line where no script is installed, as in the first stage of an image."""

from iris_model.cli import main

main()
