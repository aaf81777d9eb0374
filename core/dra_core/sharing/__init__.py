"""Opaque configuration and sharing strategies."""
