"""The demo: examples one after the other on a sandbox, with what a user would look at."""
