"""The driver's controller: what it follows, looks at, writes and cleans up; all decisions are the core's.

``classic`` allocates claims, ``modern`` mirrors what the scheduler has allocated; both run in the same frame.
"""
