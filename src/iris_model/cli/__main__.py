"""`python -m iris_model.cli`: the command line without an installed script, as in the first stage of an image build."""

from iris_model.cli import main

main()
