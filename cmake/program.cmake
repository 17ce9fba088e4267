# The command-line program.
