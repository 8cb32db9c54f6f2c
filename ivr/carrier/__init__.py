"""The connection to the telephone carrier lives here: the REST client, webhook signatures and webhook addresses.

Documents that answer a webhook do not; they are in `ivr.telephony`.
"""
