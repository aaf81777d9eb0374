"""What kube-scheduler does, as far as the sandbox needs it: one pod at a time, the emptiest node that fits."""
