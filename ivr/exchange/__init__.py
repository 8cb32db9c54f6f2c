"""A small telephone exchange that stands where the carrier would, for trying, teaching and testing.

It executes the carrier's documents by the carrier's documented rules, signs its webhooks, keeps recordings
and serves the REST calls we make. It knows nothing of the house: they meet over HTTP only.
"""
