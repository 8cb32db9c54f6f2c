"""What is known of a telephone call lives here: its row, the caller's language, screening and erased ids.

What is said to the caller does not; that is in `ivr.flows` and `ivr.telephony`.
"""
