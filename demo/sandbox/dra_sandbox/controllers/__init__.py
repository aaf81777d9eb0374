"""What kube-controller-manager does, as far as the sandbox needs it: each file decides, loop.py carries out."""
