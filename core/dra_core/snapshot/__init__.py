"""Records of the world: API objects as frozen values, with one codec for all of them."""
