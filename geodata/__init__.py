"""Geography and tables, read at the door and made trustworthy."""
