"""The carrier's webhooks live here: call sessions, the state token, TwiML documents and what a call leaves behind.

The call script does not; it is in `ivr.flows`.
"""
