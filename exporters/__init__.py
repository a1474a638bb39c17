"""Every file we send out."""
