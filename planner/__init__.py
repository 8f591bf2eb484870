"""The domain: rules, checks, plans, studies and reports."""
