"""What controllers, scheduler and kubelets share: a snapshot of the API's objects, and the wanted writes as data."""
