"""The local carrier lives here: it takes the place of the real one in local mode and in tests, and executes TwiML.

It meets the product over HTTP only and imports none of its features.
"""
