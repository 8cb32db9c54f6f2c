"""The settings live here, in sections, one for each feature.

Nothing here has effects, and nothing here imports a feature.
"""
