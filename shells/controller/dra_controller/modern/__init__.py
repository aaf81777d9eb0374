"""Modern DRA: the scheduler allocates, and the controller shows what is where in NodeAllocationStates."""
