"""Maps of networks that open anywhere, offline."""
