"""The controller of classic DRA: what it follows, looks at, writes and cleans up; all decisions are the core's."""
