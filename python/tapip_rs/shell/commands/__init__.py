"""The shell's commands, one file each: see `tapip_rs.shell.registry`."""
