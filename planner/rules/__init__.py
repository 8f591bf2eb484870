"""Rules as data, one module for each kind."""
