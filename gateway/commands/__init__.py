"""The commands of `duecourse`, one module a noun."""
