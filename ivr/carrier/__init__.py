"""The connection to the carrier (Twilio): its REST interface, webhook signatures and webhook addresses.

TwiML and the handling of webhooks belong to `ivr.telephony`; twilio is imported in these two packages only.
"""
