"""Live calls with people live here.

The call queue, distribution, presence, roster, conversations, interpreters, outbound callbacks.

Callback tasks and webhooks do not.
"""
