"""Location problems as integer programs: numbers only, no geography."""
