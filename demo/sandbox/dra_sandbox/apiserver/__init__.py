"""The embedded cluster's API server: storage and rules as pure functions, HTTP as a thin shell around them."""
