"""The roof: everything that talks to people, machines and the clock."""
