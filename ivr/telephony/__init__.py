"""The seam to the carrier: its webhooks, its documents (TwiML) and its REST interface. Only here is twilio imported."""
