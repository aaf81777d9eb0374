"""Classic DRA: the controller allocates, and takes back."""
