"""`python -m planner.cli`, the same as `outlet-planner`."""

from planner.cli import main

if __name__ == "__main__":
    main()
