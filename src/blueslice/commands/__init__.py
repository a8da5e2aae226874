"""The work of each ``blueslice`` subcommand: a module with ``run(options)`` each."""
