"""A kubelet for one node: what it decides is pure, and what it does goes through real sockets, files and processes."""
