"""Allocation: which devices claims get on a node, exactly as kube-scheduler 1.37 decides, and why they get none."""
