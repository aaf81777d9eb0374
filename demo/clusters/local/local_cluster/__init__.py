"""Real Kubernetes clusters on a machine without a container engine: built from Go modules, one command up, one down."""
