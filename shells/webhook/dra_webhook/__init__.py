"""The admission webhook: opaque parameters that the plugin could not use are refused when they are written.

It serves HTTPS; the core decides (``dra_core.admission``). It asks the API server for nothing.
"""
